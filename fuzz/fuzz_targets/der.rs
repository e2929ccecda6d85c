//! Every value of any bytes, to the depth that is followed, is read as each primitive type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::der::{Notes, Reader, push_text};

fuzz_target!(|bytes: &[u8]| {
    let notes = Notes::default();
    let mut open = vec![Reader::new(bytes, &notes)];
    let mut left = 10_000;
    while let Some(mut reader) = open.pop() {
        while let Ok(value) = reader.value() {
            left -= 1;
            if left == 0 {
                return;
            }
            assert_eq!(bytes.get(value.content_range()), Some(value.content));
            assert_eq!(bytes.get(value.range()), Some(value.whole));
            assert!(bytes.get(value.bits_range()).is_some());
            value.integer(&notes);
            value.small_integer(&notes);
            value.boolean(&notes);
            value.bit_string(&notes);
            let _ = value.oid(&notes).to_string();
            let _ = value.time(&notes);
            let _ = value.generalized_time(&notes);
            push_text(&value, &notes, &mut String::new());
            if value.tag & 0x20 != 0 {
                open.extend(value.open(&notes));
            }
        }
        reader.finish();
    }
});
