//! Radiobiology: what the dose and its rate do to tissue.
