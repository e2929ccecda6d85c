//! Children that end with their handle.
//!
//! Each child leads a process group of its own, dies when the thread that started it dies (a parent-death signal, for
//! the case that the test itself is killed), and is ended by that group's number when the handle is dropped. Nothing is
//! ever ended by name.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::User;

/// How long a server may take until it listens: MariaDB on a busy machine needs several seconds.
const READY: Duration = Duration::from_secs(60);
/// Between two looks at something that gives no event.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a server may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    program: String,
    log: PathBuf,
    farewell: &'static str,
}

/// How a child is started.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Where its output goes.
    pub(crate) log: &'a Path,
    /// As whom it runs, when not as this process.
    pub(crate) user: Option<&'a User>,
    /// Variables beside those of this process.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The signal that asks it to end.
    pub(crate) farewell: &'static str,
}

impl<'a> Launch<'a> {
    /// A child with these arguments, as this process' own user.
    pub(crate) fn new(log: &'a Path, command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let command = command.into_iter().map(Into::into).collect();
        Self {
            command,
            log,
            user: None,
            environment: Vec::new(),
            farewell: "-TERM",
        }
    }

    /// Runs it as `user`.
    pub(crate) const fn user(mut self, user: &'a User) -> Self {
        self.user = Some(user);
        self
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Asks it to end by this signal in place of `-TERM`.
    pub(crate) const fn farewell(mut self, signal: &'static str) -> Self {
        self.farewell = signal;
        self
    }

    /// `setpriv` gives up root and arms the parent-death signal, in the right order for both to hold.
    fn build(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(user) = self.user.filter(|user| user.is_other()) {
            command
                .arg(format!("--reuid={}", user.uid))
                .arg(format!("--regid={}", user.gid))
                .arg("--init-groups");
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log)
            .expect("the log can be opened");
        let again = log.try_clone().expect("a descriptor can be copied");
        command
            .arg("--")
            .args(&self.command)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(again);
        command
            .envs(
                self.environment
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            )
            .process_group(0);
        command
    }

    /// Starts it and leaves it running.
    pub(crate) fn spawn(self) -> Process {
        let program = self.command.first().cloned().unwrap_or_default();
        let child = self
            .build()
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        Process {
            child,
            program,
            log: self.log.to_owned(),
            farewell: self.farewell,
        }
    }

    /// Runs it to its end and insists on success.
    pub(crate) fn run(self) {
        let program = self.command.join(" ");
        let status = self
            .build()
            .status()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        assert!(
            status.success(),
            "{program} ended with {status}:\n{}",
            tail(self.log)
        );
    }
}

impl Process {
    /// Waits until somebody listens at each of `sockets`, by connecting.
    pub fn listening_at(mut self, sockets: &[SocketAddr]) -> Self {
        let deadline = Instant::now() + READY;
        for socket in sockets {
            while TcpStream::connect_timeout(socket, PAUSE).is_err() {
                if let Ok(Some(status)) = self.child.try_wait() {
                    panic!(
                        "{} ended with {status} before it listened:\n{}",
                        self.program,
                        tail(&self.log)
                    );
                }
                assert!(
                    Instant::now() < deadline,
                    "{} does not listen at {socket}:\n{}",
                    self.program,
                    tail(&self.log)
                );
                std::thread::sleep(PAUSE);
            }
        }
        self
    }

    /// Waits until its log holds `words`: for servers that bear no connection without a request.
    pub fn having_said(mut self, words: &str) -> Self {
        let deadline = Instant::now() + READY;
        while !tail(&self.log).contains(words) {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!(
                    "{} ended with {status} before it said `{words}`:\n{}",
                    self.program,
                    tail(&self.log)
                );
            }
            assert!(
                Instant::now() < deadline,
                "{} does not say `{words}`:\n{}",
                self.program,
                tail(&self.log)
            );
            std::thread::sleep(PAUSE);
        }
        self
    }

    /// The last of what it wrote, for messages of failing tests.
    pub fn log(&self) -> String {
        tail(&self.log)
    }

    /// The number of the process, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the whole group at once, without asking.
    pub fn kill(self) {
        self.signal("-KILL");
    }

    fn signal(&self, signal: &str) {
        // A group that is gone already is what is wanted, so the answer does not matter.
        let group = format!("-{}", self.child.id());
        let sent = Command::new("kill")
            .args([signal, "--", &group])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        drop(sent);
    }

    /// Whether the child has ended. It is not reaped, so that nobody else can be given its number.
    fn has_ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
    }
}

impl Drop for Process {
    /// Asks the group to end, insists after a while, and takes the child's exit status so that no zombie stays.
    fn drop(&mut self) {
        self.signal(self.farewell);
        let deadline = Instant::now() + GRACE;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(PAUSE);
        }
        // Workers of an ended master may linger; the group still has the number of the child.
        self.signal("-KILL");
        drop(self.child.wait());
    }
}

fn tail(log: &Path) -> String {
    const SHOWN: i64 = 4096;
    let Ok(mut file) = File::open(log) else {
        return String::from("(no log)");
    };
    if file.seek(SeekFrom::End(-SHOWN)).is_err() {
        drop(file.rewind());
    }
    let mut bytes = Vec::new();
    drop(file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
