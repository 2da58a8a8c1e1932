//! The one test binary that starts real processes. A file in this folder that is not named here is
//! no test.

mod hooks;
