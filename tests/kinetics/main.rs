//! Kinetics from measured activities: stated intervals of the time-integrated activity hold the truth as often as they say.

mod coverage;
mod random;
