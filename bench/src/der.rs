//! Writing DER (X.690): just what a certificate needs. In: values. Out: bytes. Reads nothing.

/// One element: tag, length, content.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    push_length(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

/// A `SEQUENCE` of elements already written.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A non-negative `INTEGER` from big-endian bytes.
pub fn integer(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude
        .iter()
        .position(|&byte| byte != 0)
        .unwrap_or(magnitude.len());
    let digits = &magnitude[start..];
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|&byte| byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    element(0x02, &content)
}

/// A `BIT STRING` without unused bits.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(bytes.len() + 1);
    content.push(0);
    content.extend_from_slice(bytes);
    element(0x03, &content)
}

/// An `OBJECT IDENTIFIER` from its encoded content.
pub fn oid(content: &[u8]) -> Vec<u8> {
    element(0x06, content)
}

/// A `UTCTime` (until 2049) or `GeneralizedTime` of seconds since 1970.
pub fn time(seconds: i64) -> Vec<u8> {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let tail = format!(
        "{month:02}{day:02}{:02}{:02}{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    );
    if (1950..2050).contains(&year) {
        element(0x17, format!("{:02}{tail}", year % 100).as_bytes())
    } else {
        element(0x18, format!("{year:04}{tail}").as_bytes())
    }
}

/// An X.509 extension (RFC 5280 section 4.2).
pub fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        element(0x01, &[0xff])
    } else {
        Vec::new()
    };
    sequence(&[&oid(id), &critical, &element(0x04, value)])
}

/// A distinguished name of one organisation and one common name.
pub fn name(organization: &str, common_name: &[u8]) -> Vec<u8> {
    let attribute =
        |id: u8, value: &[u8]| element(0x31, &sequence(&[&oid(&[0x55, 4, id]), &element(0x0c, value)]));
    sequence(&[
        &attribute(10, organization.as_bytes()),
        &attribute(3, common_name),
    ])
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let bytes = length.to_be_bytes();
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(0);
    out.push(0x80 | (bytes.len() - start) as u8);
    out.extend_from_slice(&bytes[start..]);
}

/// Days since 1970 to year, month, day (proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_by_the_calendar() {
        assert_eq!(time(951_782_400), b"\x17\x0d000229000000Z");
        assert_eq!(time(2_524_608_000), b"\x18\x0f20500101000000Z");
    }

    #[test]
    fn integers_stay_positive_and_short() {
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(element(4, &[7; 200])[..3], [4, 0x81, 200]);
    }
}
