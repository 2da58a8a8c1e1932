//! How the command line says what keeps a beacon's command from being done.

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::ops::beacon::{BeaconError, Kind};

impl From<BeaconError> for CommandError {
    fn from(error: BeaconError) -> Self {
        let code = match error.kind {
            Kind::Failed => exit_code::FAILED,
            Kind::Usage => exit_code::USAGE,
            Kind::Gate => exit_code::GATE,
            Kind::Busy => exit_code::BUSY,
            Kind::Conflict => exit_code::CONFLICT,
            Kind::Network => exit_code::NETWORK,
        };
        Self { code, message: error.message, hint: error.remedy }
    }
}
