//! How many instances a component makes when it is instantiated itself.
//!
//! A component inside it can be instantiated many times, and so can one inside that: few bytes ask
//! for a million instances. The products are therefore formed here, before anything compiles.

use wasmparser::{
    ComponentAlias, ComponentExport, ComponentExternalKind, ComponentImport, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Instance, SectionLimited,
};

use super::ReaderError;

/// What each instance of a component makes, core instances and components alike.
pub(super) struct Instances {
    /// The outermost component, and those that it is being read inside of.
    open: Vec<Frame>,
}

enum Frame {
    Module,
    Component {
        makes: u64,
        /// What the components of its index space make.
        components: Vec<u64>,
    },
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            open: vec![Frame::component()],
        }
    }
}

impl Frame {
    fn component() -> Self {
        Self::Component {
            makes: 1,
            components: Vec::new(),
        }
    }
}

impl Instances {
    pub(super) fn enter_module(&mut self) {
        self.open.push(Frame::Module);
    }

    pub(super) fn enter_component(&mut self) {
        self.open.push(Frame::component());
    }

    /// A module or component ended; a component can be instantiated from here on.
    pub(super) fn leave(&mut self) {
        if let Some(Frame::Component { makes, .. }) = self.open.pop() {
            self.define(makes);
        }
    }

    /// What an instance of the component that is being read makes, as far as it was read.
    pub(super) fn of_this_component(&self) -> u64 {
        match self.open.last() {
            Some(Frame::Component { makes, .. }) => *makes,
            _ => 0,
        }
    }

    pub(super) fn core_instances(
        &mut self,
        section: &SectionLimited<'_, Instance<'_>>,
    ) -> Result<(), ReaderError> {
        for instance in section.clone() {
            if matches!(instance?, Instance::Instantiate { .. }) {
                self.make(1);
            }
        }
        Ok(())
    }

    pub(super) fn component_instances(
        &mut self,
        section: &SectionLimited<'_, ComponentInstance<'_>>,
    ) -> Result<(), ReaderError> {
        for instance in section.clone() {
            if let ComponentInstance::Instantiate {
                component_index, ..
            } = instance?
            {
                self.make(self.makes(0, component_index));
            }
        }
        Ok(())
    }

    pub(super) fn aliases(
        &mut self,
        section: &SectionLimited<'_, ComponentAlias<'_>>,
    ) -> Result<(), ReaderError> {
        for alias in section.clone() {
            match alias? {
                ComponentAlias::Outer {
                    kind: ComponentOuterAliasKind::Component,
                    count,
                    index,
                } => self.define(self.makes(count, index)),
                // Which one an instance exports is not followed: it counts as the largest.
                ComponentAlias::InstanceExport {
                    kind: ComponentExternalKind::Component,
                    ..
                } => self.define(self.largest()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses a component as an import: what it makes is known only to whoever passes it.
    pub(super) fn import(&mut self, import: &ComponentImport<'_>) -> Result<(), ReaderError> {
        match import.ty {
            ComponentTypeRef::Component(_) => Err(ReaderError::Outer {
                direction: "import",
                name: import.name.name.to_owned(),
                kind: "a component",
            }),
            _ => Ok(()),
        }
    }

    /// An export of a component is one more name for it.
    pub(super) fn export(&mut self, export: &ComponentExport<'_>) {
        if export.kind == ComponentExternalKind::Component {
            self.define(self.makes(0, export.index));
        }
    }

    fn make(&mut self, more: u64) {
        if let Some(Frame::Component { makes, .. }) = self.open.last_mut() {
            *makes = makes.saturating_add(more);
        }
    }

    fn define(&mut self, makes: u64) {
        if let Some(Frame::Component { components, .. }) = self.open.last_mut() {
            components.push(makes);
        }
    }

    /// What the component `index` makes, in the index space `outer` components further out. One
    /// that isn't there is the validator's to refuse.
    fn makes(&self, outer: u32, index: u32) -> u64 {
        let (outer, index) = (outer as usize, index as usize);
        let frame = self.open.iter().rev().nth(outer);
        match frame {
            Some(Frame::Component { components, .. }) => {
                components.get(index).copied().unwrap_or_default()
            }
            _ => 0,
        }
    }

    fn largest(&self) -> u64 {
        let spaces = self.open.iter().filter_map(|frame| match frame {
            Frame::Component { components, .. } => components.iter().max(),
            Frame::Module => None,
        });
        spaces.max().copied().unwrap_or_default()
    }
}
