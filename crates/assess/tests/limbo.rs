#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "t")]
#[path = "limbo/corpus.rs"]
mod corpus;
use assess::Profile;
use std::time::Instant;
#[test]
fn explore() {
    for name in ["limbo", "pkits"] {
        let t = Instant::now();
        let cases = corpus::cases(name).unwrap();
        println!("read {:?}", t.elapsed());
        let t = Instant::now();
        let (mut ok, mut bad) = (0, 0);
        for case in &cases {
            let begun = Instant::now();
            let (accepted, words) = case.judge(Profile::Strict);
            let (browser, bwords) = case.judge(Profile::Browser);
            if begun.elapsed().as_millis() > 300 {
                println!("SLOW {} {:?}", case.id, begun.elapsed());
            }
            if accepted == case.wanted {
                ok += 1
            } else {
                bad += 1;
                if bad < 150 || !case.id.starts_with("better") {
                    println!(
                        "{} wanted {} strict {:?} browser {browser} {:?}",
                        case.id, case.wanted, words, bwords
                    );
                }
            }
        }
        println!("{name}: {ok} ok {bad} bad {:?}", t.elapsed());
    }
}
