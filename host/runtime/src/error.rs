//! Why a component can't be loaded, and how a call ended short of a result.

use std::path::PathBuf;
use std::time::Duration;
use vouchsafe_ambient::files::FileError;
use vouchsafe_package::signing::OtherBytes;

/// Why compiling failed. The component is then not loaded.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiling process could not be started or spoken with.
    #[error("cannot run the compiler `{}`: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// It took longer than allowed and was ended.
    #[error("compiling took longer than {} s and was ended", .0.as_secs())]
    Deadline(Duration),
    /// It refused, or exceeded its memory or processor time.
    #[error("the component cannot be compiled: {0}")]
    Refused(String),
    /// The compiled code is larger than is kept.
    #[error("the compiled code is larger than {0} bytes")]
    TooLarge(u64),
}

/// Why a skill is not ready to run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its code could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The component's bytes could not be read.
    #[error("the kept component: {0}; install it again")]
    Component(FileError),
    /// They are not those that were verified.
    #[error(transparent)]
    OtherBytes(#[from] OtherBytes),
    /// The code cache could not be read or written.
    #[error(transparent)]
    Cache(#[from] FileError),
    /// The engine refuses the compiled code.
    #[error("the engine refuses the component: {0}")]
    Engine(String),
    /// It imports what this host does not have.
    #[error("the component imports `{0}`, which this host does not provide")]
    Import(String),
    /// A tool of the package is not a function of the component.
    #[error("the component exports no function `{0}`")]
    NoFunction(String),
    /// A tool's types are not those of the component.
    #[error("the function `{function}` has other types than the package says: {why}")]
    OtherTypes {
        /// The function.
        function: String,
        /// Where they differ.
        why: String,
    },
}

/// How a call ended without a result of the skill. A tool error is a result, not one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// All slots are taken and the queue is full. Nothing ran.
    #[error("the host is busy; nothing was run, try again later")]
    Busy,
    /// The skill has no such tool. Nothing ran.
    #[error("the skill has no tool `{0}`")]
    NoTool(String),
    /// The call was cleared for other bytes. Nothing ran.
    #[error("the call was cleared for another skill")]
    OtherSkill,
    /// The arguments are not of the tool's types. Nothing ran.
    #[error("the arguments do not fit the tool: {0}")]
    Arguments(String),
    /// The skill failed on its own.
    #[error("the skill failed: {0}")]
    Trap(String),
    /// The skill ended its program instead of answering.
    #[error("the skill exited with status {0} instead of answering")]
    Exited(i32),
    /// It used up its instructions.
    #[error("the skill used up its fuel of {0}")]
    OutOfFuel(u64),
    /// It asked for more memory than its limit and failed without it.
    #[error("the skill failed after it was refused memory beyond its limit of {0} bytes")]
    OutOfMemory(u64),
    /// Its time was up.
    #[error("the call was ended at its deadline of {0} ms")]
    Deadline(u64),
    /// Somebody cancelled the call.
    #[error("the call was cancelled")]
    Cancelled,
    /// The operator switched the skill off.
    #[error("the call was ended by the operator")]
    Killed,
    /// What is in force changed between clearing and running. Nothing ran.
    #[error("{0}")]
    Superseded(String),
    /// The result exceeds the limit or has no JSON form.
    #[error("the result is refused: {0}")]
    Output(String),
    /// What it wrote to its stores could not be kept, and is not.
    #[error("what the skill wrote was not kept: {0}")]
    NotKept(String),
    /// A fault of the host, contained in this call.
    #[error("the host failed in this call")]
    Internal,
}

impl CallError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "BUSY",
            Self::NoTool(_) => "NO_TOOL",
            Self::OtherSkill => "OTHER_SKILL",
            Self::Arguments(_) => "ARGUMENTS",
            Self::Trap(_) | Self::Exited(_) => "TRAP",
            Self::OutOfFuel(_) => "OUT_OF_FUEL",
            Self::OutOfMemory(_) => "OUT_OF_MEMORY",
            Self::Deadline(_) => "DEADLINE",
            Self::Cancelled => "CANCELLED",
            Self::Killed => "KILLED",
            Self::Superseded(_) => "SUPERSEDED",
            Self::Output(_) => "OUTPUT",
            Self::NotKept(_) => "NOT_KEPT",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether no code of the skill ran, so that the call certainly had no effect.
    pub fn nothing_ran(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::NoTool(_)
                | Self::OtherSkill
                | Self::Arguments(_)
                | Self::Superseded(_)
        )
    }
}
