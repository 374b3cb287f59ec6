//! Full validation, function by function, so that what costs more than its bytes is counted.

use wasmparser::types::Types;
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator, Payload, ValidPayload,
    Validator, ValidatorResources,
};

use super::{ReadLimits, ReaderError};

/// Validates payloads as they come, and function bodies with a budget.
pub(super) struct Bodies {
    limits: ReadLimits,
    branch_targets: u64,
    allocations: FuncValidatorAllocations,
}

impl Bodies {
    pub(super) fn new(limits: ReadLimits) -> Self {
        Self {
            limits,
            branch_targets: 0,
            allocations: FuncValidatorAllocations::default(),
        }
    }

    /// Validates one payload. At the end of a component its types come back; the last are those
    /// of the outermost.
    pub(super) fn validate(
        &mut self,
        validator: &mut Validator,
        payload: &Payload<'_>,
    ) -> Result<Option<Types>, ReaderError> {
        match validator.payload(payload)? {
            ValidPayload::Func(function, body) => self.body(function, &body).map(|()| None),
            ValidPayload::End(types) => Ok(Some(types)),
            ValidPayload::Ok | ValidPayload::Parser(_) => Ok(None),
        }
    }

    fn body(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), ReaderError> {
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let mut operators = wasmparser::OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            self.count(&operator)?;
            validator.op(offset, &operator)?;
        }
        operators.finish()?;
        self.allocations = validator.into_allocations();
        Ok(())
    }

    fn count(&mut self, operator: &Operator<'_>) -> Result<(), ReaderError> {
        if let Operator::BrTable { targets } = operator {
            self.branch_targets += u64::from(targets.len());
            self.limits.check(
                "branch targets",
                self.branch_targets,
                self.limits.branch_targets,
            )?;
        }
        Ok(())
    }
}
