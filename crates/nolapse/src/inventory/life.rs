//! Who we are among the processes that share an inventory, and whether another one still lives.
//!
//! A name goes into the leases of an inventory: process and machine, as a person knows them, and behind them what tells two
//! processes of the same number apart. Another name comes in; that its process is gone is said only when it cannot be otherwise:
//! the same machine since the same start, the same space of process numbers, and nobody there. Who is taken for dead and lives
//! loses its lease and nothing else, since what is written under an old epoch is refused.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// This process.
pub(crate) struct Life {
    name: String,
    /// Start of the machine and space of process numbers; nothing where the system does not say.
    space: Option<String>,
}

impl Life {
    /// This one: different for each process.
    pub(crate) fn own() -> anyhow::Result<Self> {
        let mut octets = [0; 8];
        aws_lc_rs::rand::fill(&mut octets)
            .ok()
            .context("the operating system gives no random numbers")?;
        let (space, process) = (space(), std::process::id());
        let began = began(process).unwrap_or_default();
        let name = format!(
            "{process}@{} {} {began} {}",
            machine(),
            space.as_deref().unwrap_or("-"),
            hex::encode(octets)
        );
        Ok(Self { name, space })
    }

    /// What leases are held under.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the process of this name has certainly ended.
    pub(crate) fn outlived(&self, name: &str) -> bool {
        let mut parts = name.split(' ');
        let process = parts
            .next()
            .and_then(|place| place.split('@').next()?.parse().ok());
        let (Some(process), Some(space), Some(start)) = (process, parts.next(), parts.next()) else {
            return false;
        };
        self.space.as_deref() == Some(space) && !start.is_empty() && began(process).as_deref() != Some(start)
    }

    /// A name as a person reads it.
    pub(crate) fn shown(name: &str) -> String {
        let place = name.split(' ').next().unwrap_or_default();
        match place.split_once('@') {
            Some((process, machine)) => model::untrusted::shown(&format!("process {process} on {machine}")),
            None => model::untrusted::shown(place),
        }
    }
}

fn machine() -> String {
    let name = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname"));
    name.unwrap_or_else(|| "this-machine".to_owned())
        .replace(' ', "-")
}

/// What process numbers mean something in: this start of this machine, and this container of it. Where processes of others
/// are hidden, nothing follows from not seeing one.
fn space() -> Option<String> {
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let numbers = fs::read_link("/proc/self/ns/pid").ok()?;
    Path::new("/proc/1").exists().then_some(())?;
    Some(format!("{boot}/{}", numbers.display()))
}

/// When a process began, in ticks since the machine did; nothing when it has ended, though nobody may have been told yet.
fn began(process: u32) -> Option<String> {
    let stat = read(&format!("/proc/{process}/stat"))?;
    // The name of the program stands in parentheses and may have any of them in it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    fields.next().filter(|state| !matches!(*state, "Z" | "X"))?;
    fields.nth(18).map(str::to_owned)
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ended_is_known_and_one_that_lives_is_not_taken_for_it() {
        let life = Life::own().unwrap();
        assert!(!life.outlived(life.name()), "we live");
        assert!(Life::shown(life.name()).starts_with("process "));
        let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let start = began(other.id()).unwrap();
        let name = life
            .name()
            .replacen(&std::process::id().to_string(), &other.id().to_string(), 1);
        let own_start = began(std::process::id()).unwrap();
        let name = name.replace(&format!(" {own_start} "), &format!(" {start} "));
        assert!(!life.outlived(&name), "it lives: {name}");
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(life.outlived(&name), "it ended: {name}");
        // The same number again, begun at another time.
        let later = life.name().replace(&format!(" {own_start} "), " 1 ");
        assert!(life.outlived(&later));
    }

    #[test]
    fn of_other_machines_and_names_nothing_is_known() {
        let life = Life::own().unwrap();
        for name in [
            "",
            "4711",
            "4711@db1",
            "4294967295@db1 another-start/pid:[1] 77 ab",
            "one two three four",
        ] {
            assert!(!life.outlived(name), "{name}");
        }
    }
}
