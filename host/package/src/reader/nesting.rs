//! How deep a component's type declarations nest.
//!
//! The parser reads a component type inside a component type by recursion without a bound, three
//! bytes a level, so a small file could overflow the stack, which no error handling survives. The
//! declarations are therefore walked here first, with a bound.

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternName, ComponentImport, ComponentType,
    ComponentTypeRef, CoreType, FromReader,
};

use super::{ReadLimits, ReaderError};

const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;

/// Walks the items of a component type section and returns how many types they declare.
pub(super) fn walk(reader: BinaryReader<'_>, limits: &ReadLimits) -> Result<u64, ReaderError> {
    let mut walk = Walk {
        reader,
        types: 0,
        limits,
    };
    for _ in 0..walk.reader.read_var_u32()? {
        walk.component_type(0)?;
    }
    Ok(walk.types)
}

struct Walk<'a, 'l> {
    reader: BinaryReader<'a>,
    types: u64,
    limits: &'l ReadLimits,
}

impl<'a> Walk<'a, '_> {
    fn skip<T: FromReader<'a>>(&mut self) -> Result<(), ReaderError> {
        self.reader.read::<T>()?;
        Ok(())
    }

    fn component_type(&mut self, depth: u64) -> Result<(), ReaderError> {
        self.types += 1;
        self.limits.check("types", self.types, self.limits.types)?;
        match self.reader.clone().read_u8()? {
            kind @ (COMPONENT | INSTANCE) => {
                self.limits.check(
                    "levels of types inside types",
                    depth + 1,
                    self.limits.nesting,
                )?;
                self.reader.read_u8()?;
                for _ in 0..self.reader.read_var_u32()? {
                    self.declaration(kind, depth)?;
                }
            }
            _ => self.skip::<ComponentType<'a>>()?,
        }
        Ok(())
    }

    fn declaration(&mut self, within: u8, depth: u64) -> Result<(), ReaderError> {
        let offset = self.reader.original_position();
        match (self.reader.read_u8()?, within) {
            (0x00, _) => self.skip::<CoreType<'a>>()?,
            (0x01, _) => self.component_type(depth + 1)?,
            (0x02, _) => self.skip::<ComponentAlias<'a>>()?,
            (0x03, COMPONENT) => self.skip::<ComponentImport<'a>>()?,
            (0x04, _) => {
                self.skip::<ComponentExternName<'a>>()?;
                self.skip::<ComponentTypeRef>()?;
            }
            (byte, _) => {
                let message = format!("no declaration begins with byte {byte:#x}");
                return Err(ReaderError::Malformed { offset, message });
            }
        }
        Ok(())
    }
}
