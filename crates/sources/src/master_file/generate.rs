//! `$GENERATE RANGE OWNER [TTL] [CLASS] TYPE DATA`: as many records as numbers in the range, as BIND makes them.
//!
//! In every word `$` stands for the number, `${OFFSET,WIDTH,BASE}` for the number plus an offset, filled up with zeros, in base
//! `d`, `o`, `x` or `X`; `$$` and `\$` stand for `$`.

use model::limits;

use super::Mistake;

/// Gives the words of each record.
pub(super) fn each(
    arguments: &[&str],
    give: &mut dyn FnMut(Vec<String>) -> Result<(), Mistake>,
) -> Result<(), Mistake> {
    const EXPECTED: Mistake = Mistake::Argument("$GENERATE FIRST-LAST[/STEP] OWNER [TTL] [IN] TYPE DATA");
    let (range, words) = arguments.split_first().ok_or(EXPECTED)?;
    if words.len() < 3 {
        return Err(EXPECTED);
    }
    let (range, step) = range.split_once('/').unwrap_or((range, "1"));
    let (first, last) = range.split_once('-').ok_or(EXPECTED)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| EXPECTED);
    let (first, last, step) = (number(first)?, number(last)?, number(step)?);
    if first > last || step == 0 {
        return Err(EXPECTED);
    }
    if u64::from((last - first) / step) >= limits::GENERATED_RECORDS {
        return Err(Mistake::GeneratesTooMany);
    }
    let mut at = first;
    loop {
        let made: Result<Vec<String>, Mistake> = words.iter().map(|word| filled(word, at)).collect();
        give(made?)?;
        match at.checked_add(step).filter(|next| *next <= last) {
            Some(next) => at = next,
            None => return Ok(()),
        }
    }
}

/// Widest number that is filled up with zeros: no label is longer.
const WIDTH: usize = 63;

fn filled(word: &str, number: u32) -> Result<String, Mistake> {
    const EXPECTED: Mistake = Mistake::Argument("${OFFSET[,WIDTH[,d|o|x|X]]} behind `$`");
    let mut out = String::new();
    let mut rest = word;
    while let Some(place) = rest.find(['$', '\\']) {
        let (head, tail) = rest.split_at(place);
        out.push_str(head);
        if let Some(behind) = tail.strip_prefix("\\$").or_else(|| tail.strip_prefix("$$")) {
            out.push('$');
            rest = behind;
        } else if let Some(behind) = tail.strip_prefix('\\') {
            out.push('\\');
            let length = behind.chars().next().map_or(0, char::len_utf8);
            out.push_str(behind.get(..length).unwrap_or_default());
            rest = behind.get(length..).unwrap_or_default();
        } else if let Some(behind) = tail.strip_prefix("${") {
            let (inside, behind) = behind.split_once('}').ok_or(EXPECTED)?;
            out.push_str(&formatted(inside, number).ok_or(EXPECTED)?);
            rest = behind;
        } else {
            out.push_str(&number.to_string());
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn formatted(inside: &str, number: u32) -> Option<String> {
    let mut parts = inside.split(',');
    let offset: i64 = parts.next()?.parse().ok()?;
    let width: usize = parts.next().map_or(Some(0), |width| width.parse().ok())?;
    let base = parts.next().unwrap_or("d");
    let value = u64::try_from(i64::from(number).checked_add(offset)?).ok()?;
    if parts.next().is_some() || width > WIDTH {
        return None;
    }
    Some(match base {
        "d" => format!("{value:0width$}"),
        "o" => format!("{value:0width$o}"),
        "x" => format!("{value:0width$x}"),
        "X" => format!("{value:0width$X}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_filled_in() {
        let fill = |word| filled(word, 10).unwrap();
        assert_eq!(fill("host-$"), "host-10");
        assert_eq!(fill("h${-3,4}.x${0,3,x}"), "h0007.x00a");
        assert_eq!(fill("\\$$$$"), "$$10");
        assert_eq!(fill("192.0.2.$"), "192.0.2.10");
        assert_eq!(fill("a\\.b"), "a\\.b");
        for wrong in ["${", "${x}", "${0,999}", "${0,1,q}", "${-11}", "${0,1,d,1}"] {
            assert!(filled(wrong, 10).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_are_bounded() {
        let count = |range: &str| {
            let mut made = 0;
            each(&[range, "a$", "A", "192.0.2.1"], &mut |_| {
                made += 1;
                Ok(())
            })
            .map(|()| made)
        };
        assert_eq!(count("1-9/4"), Ok(3));
        assert_eq!(count("5-5"), Ok(1));
        assert_eq!(count("0-4000000000"), Err(Mistake::GeneratesTooMany));
        assert_eq!(count("4294967295-4294967295"), Ok(1));
        assert!(count("9-1").is_err() && count("1-9/0").is_err() && count("x").is_err());
    }
}
