//! What every verb starts from: the home, the way to the owner, and how to print.

use std::path::Path;

use vouchsafe_ambient::env;
use vouchsafe_daemon::client::{Client, ClientError, Starter};
use vouchsafe_daemon::home::Home;

/// The settings of one invocation.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where things live.
    pub(crate) home: Home,
    /// Facts are printed as JSON.
    pub(crate) json: bool,
    starter: Starter,
    home_arguments: Vec<String>,
}

impl Context {
    /// The context for `--home directory`, or for the user's own directories.
    pub(crate) fn new(directory: Option<&Path>, json: bool) -> anyhow::Result<Self> {
        let directory = directory.map(std::path::absolute).transpose()?;
        let home = match &directory {
            Some(directory) => Home::at(directory),
            None => Home::of_this_user()?,
        };
        let home_arguments = directory.map_or_else(Vec::new, |directory| {
            vec!["--home".to_owned(), directory.display().to_string()]
        });
        let mut arguments = vec!["__owner".to_owned()];
        arguments.extend(home_arguments.clone());
        Ok(Self {
            home,
            json,
            starter: Starter {
                program: env::current_program()?,
                arguments,
            },
            home_arguments,
        })
    }

    /// How the owner is started.
    pub(crate) fn starter(&self) -> &Starter {
        &self.starter
    }

    /// The arguments that name this home to another `vouchsafe`.
    pub(crate) fn home_arguments(&self) -> Vec<String> {
        self.home_arguments.clone()
    }

    /// That there is a home, for what looks into it without an owner.
    ///
    /// # Errors
    /// Where `init` has not been run.
    pub(crate) fn set_up(&self) -> Result<(), ClientError> {
        if self.home.is_initialised() || self.home.audit().exists() {
            return Ok(());
        }
        Err(ClientError::NotInitialised(self.home.data().to_owned()))
    }

    /// A control connection; starts the owner when it is absent.
    pub(crate) fn owner(&self) -> Result<Client, ClientError> {
        Client::connect(&self.home, &self.starter)
    }
}
