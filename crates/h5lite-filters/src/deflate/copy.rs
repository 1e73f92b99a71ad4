//! What a match repeats (RFC 1951, section 3.2.4).
//!
//! A copy that reads what was written an instant ago waits until that has reached the cache. So a step is
//! read whole before any of it is written, also where a match repeats itself, and most matches take one
//! step: what it writes too much, the next match writes over.

/// The longest match.
pub(super) const MAX_MATCH: usize = 258;

/// Bytes of a step; few matches are longer.
const STEP: usize = 64;

/// Room behind the output: the last step of a match may end behind it.
pub(super) const SLACK: usize = MAX_MATCH + STEP;

/// Copies `length` bytes, at most [`MAX_MATCH`], from `distance` before `to`, and may write behind them
/// as far as [`SLACK`] reaches from `to`. `None`: `out` does not.
#[inline(always)]
pub(super) fn copy_match(out: &mut [u8], to: usize, distance: usize, length: usize) -> Option<()> {
    let span = out.get_mut(to.wrapping_sub(distance)..)?;
    if distance < length {
        return repeat(span, distance, length);
    }
    step::<STEP>(span, 0, distance)?;
    if length > STEP {
        // All that is left of the longest: to ask for each step would take longer.
        step::<STEP>(span, STEP, distance)?;
        step::<STEP>(span, 2 * STEP, distance)?;
        step::<STEP>(span, 3 * STEP, distance)?;
        step::<{ MAX_MATCH - 4 * STEP }>(span, 4 * STEP, distance)?;
    }
    Some(())
}

/// The same where the match runs into itself: `distance` bytes again and again.
#[inline(always)]
fn repeat(span: &mut [u8], distance: usize, length: usize) -> Option<()> {
    let mut at = 0;
    if let Some(&Repeat { mask, factor, len }) = REPEATS.get(distance) {
        let bytes = (u64::from_le_bytes(*span.first_chunk()?) & mask).wrapping_mul(factor);
        let to = room(span, distance)?;
        while at < length {
            for _ in 0..4 {
                *to.get_mut(at..)?.first_chunk_mut()? = bytes.to_le_bytes();
                at += usize::from(len);
            }
        }
    } else if distance < STEP {
        // Bytes behind the first `distance` are wrong, and the next step writes over them.
        let bytes: [u8; STEP] = *span.first_chunk()?;
        let to = room(span, distance)?;
        while at < length {
            *to.get_mut(at..)?.first_chunk_mut()? = bytes;
            at += distance;
        }
    } else {
        while at < length {
            step::<STEP>(span, at, distance)?;
            at += STEP;
        }
    }
    Some(())
}

/// Copies `N` bytes at `at` to `distance` behind them.
#[inline(always)]
fn step<const N: usize>(span: &mut [u8], at: usize, distance: usize) -> Option<()> {
    let bytes: [u8; N] = *span.get(at..)?.first_chunk()?;
    *room(span, distance)?.get_mut(at..)?.first_chunk_mut()? = bytes;
    Some(())
}

/// Where the match goes: its length is known, so that a position in it is soon checked.
#[inline(always)]
fn room(span: &mut [u8], distance: usize) -> Option<&mut [u8; SLACK]> {
    span.get_mut(distance..)?.first_chunk_mut()
}

/// How to fill eight bytes with a few that are repeated.
#[derive(Clone, Copy)]
struct Repeat {
    /// Those that are repeated.
    mask: u64,
    /// Multiplied by this they stand side by side.
    factor: u64,
    /// As many as come before one that is cut off.
    len: u8,
}

/// For each distance up to seven.
static REPEATS: [Repeat; 8] = {
    let mut repeats = [Repeat {
        mask: 0,
        factor: 0,
        len: 8,
    }; 8];
    let mut bytes = 1;
    while bytes < 8 {
        let mut at = 0;
        while at < 8 {
            repeats[bytes].factor |= 1 << (8 * at);
            at += bytes;
        }
        repeats[bytes].mask = (1 << (8 * bytes)) - 1;
        repeats[bytes].len = (8 - 8 % bytes) as u8;
        bytes += 1;
    }
    repeats
};

#[cfg(test)]
mod tests {
    use super::*;

    /// What the specification says: byte after byte.
    fn expected(before: &[u8], distance: usize, length: usize) -> Vec<u8> {
        let mut out = before.to_vec();
        for at in before.len()..before.len() + length {
            out.push(out[at - distance]);
        }
        out
    }

    #[test]
    fn each_distance_and_length() {
        let before: Vec<u8> = (0..400_u32).map(|at| (at * at / 7 + at) as u8).collect();
        for distance in 1..=before.len() {
            for length in 3..=MAX_MATCH {
                let mut out = before.clone();
                // What stands behind the end is not to be read.
                out.resize(before.len() + SLACK, 0xaa);
                copy_match(&mut out, before.len(), distance, length).unwrap();
                out.truncate(before.len() + length);
                assert_eq!(
                    out,
                    expected(&before, distance, length),
                    "{distance} {length}"
                );
            }
        }
    }

    #[test]
    fn what_leaves_the_buffer_is_refused() {
        let mut out = vec![0; 100 + SLACK];
        assert!(copy_match(&mut out, 100, 100, 258).is_some());
        assert!(copy_match(&mut out, 100, 101, 3).is_none());
        assert!(copy_match(&mut out, 101, 1, 258).is_none());
        assert!(copy_match(&mut out, 101, 50, 258).is_none());
        assert!(copy_match(&mut out, 101, 101, 258).is_none());
    }
}
