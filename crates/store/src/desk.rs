//! The threads in which connections live, and the queues before them.
//!
//! One thread writes. It takes whatever waits in its queue, up to [`GROUP`] jobs, into one transaction, so that many
//! small writes cost one flush of the disk: each job has a savepoint of its own, and is acknowledged when the transaction
//! is durable, never before. A few threads read, each on its own connection, beside the writer. Jobs are run again when
//! the database asks for it (a rival wrote the same, the server went away and is back), which is why they are written so
//! that doing them twice is doing them once. A full queue makes callers wait: nothing here grows without bound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Trouble};
use crate::session::Session;

/// Jobs taken into one transaction: a worker's batch is up to some thousand rows, so that more would only add delay.
const GROUP: usize = 64;
/// Jobs that wait before callers do.
const WAITING: usize = 256;
/// How often a transaction is tried when rivals or a lost connection spoil it.
const TRIES: u32 = 4;

/// How a thread comes to a connection, also a new one when the old is lost.
pub(crate) type Connect = Arc<dyn Fn(Role) -> Result<Session, Trouble> + Send + Sync>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Write,
    Read,
}

/// The queues. Dropped, the threads end when they have done what waits.
pub(crate) struct Desk {
    writes: mpsc::Sender<Box<dyn Job>>,
    reads: mpsc::Sender<Box<dyn Job>>,
    place: Arc<str>,
}

/// Something to be done with a connection. It exists in one form only ([`Task`]), and is a trait because each task
/// answers with a type of its own.
trait Job: Send {
    fn run(&mut self, session: &mut Session) -> Result<(), Trouble>;
    fn finish(self: Box<Self>, result: Result<(), Trouble>);
}

struct Task<T, F> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, Trouble>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut Session) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, session: &mut Session) -> Result<(), Trouble> {
        // A bug in one job must not end the thread, and with it the memory of the whole program.
        let caught = catch_unwind(AssertUnwindSafe(|| (self.work)(session)));
        self.value = Some(caught.map_err(|_| Trouble::broken("a panic while working on it"))??);
        Ok(())
    }

    fn finish(self: Box<Self>, result: Result<(), Trouble>) {
        let Self { value, reply, .. } = *self;
        // Who asked may have gone meanwhile; what was written stays written.
        drop(reply.send(result.and_then(|()| value.ok_or(Trouble::Closed))));
    }
}

impl Desk {
    /// Opens the connections and starts the threads.
    pub(crate) fn open(place: &str, readers: usize, connect: &Connect) -> Result<Self, Trouble> {
        let writer = connect(Role::Write)?;
        let (writes, queue) = mpsc::channel(WAITING);
        let again = Arc::clone(connect);
        start("store-writer", move || write_all(queue, writer, &again))?;
        let (reads, queue) = mpsc::channel(WAITING);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..readers {
            let (session, queue, again) = (connect(Role::Read)?, Arc::clone(&queue), Arc::clone(connect));
            start("store-reader", move || read_all(&queue, session, &again))?;
        }
        Ok(Self {
            writes,
            reads,
            place: place.into(),
        })
    }

    /// A desk that only reads.
    pub(crate) fn open_to_read(place: &str, readers: usize, connect: &Connect) -> Result<Self, Trouble> {
        let reading: Connect = {
            let connect = Arc::clone(connect);
            Arc::new(move |_| connect(Role::Read))
        };
        Self::open(place, readers, &reading)
    }

    /// Does `work` in a transaction; durable when this returns. It may be done several times, and counts once.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Session) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(&self.writes, work).await
    }

    /// Asks something.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Session) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(&self.reads, work).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        queue: &mpsc::Sender<Box<dyn Job>>,
        work: impl FnMut(&mut Session) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            work,
            value: None,
            reply,
        };
        let sent = queue.send(Box::new(task)).await;
        let answered = match sent {
            Ok(()) => answer.await.unwrap_or(Err(Trouble::Closed)),
            Err(_) => Err(Trouble::Closed),
        };
        answered.map_err(|trouble| self.error(trouble))
    }

    pub(crate) fn error(&self, trouble: Trouble) -> Error {
        Error {
            trouble,
            place: (*self.place).into(),
        }
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Trouble> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Trouble::Io {
            reason: error.to_string().into(),
        })
}

fn write_all(mut queue: mpsc::Receiver<Box<dyn Job>>, mut session: Session, connect: &Connect) {
    while let Some(first) = queue.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < GROUP {
            let Ok(next) = queue.try_recv() else { break };
            jobs.push(next);
        }
        commit(&mut session, jobs, connect);
    }
}

/// Commits `jobs` together. Each is acknowledged, or told why not.
fn commit(session: &mut Session, mut jobs: Vec<Box<dyn Job>>, connect: &Connect) {
    for tried in 1..=TRIES {
        match attempt(session, &mut jobs) {
            Ok(()) => {
                jobs.into_iter().for_each(|job| job.finish(Ok(())));
                return;
            }
            Err(trouble) => {
                session.roll_back();
                let is_worth_it = trouble.is_passing() && trouble != Trouble::Locked && tried < TRIES;
                if session.is_closed() {
                    match connect(Role::Write) {
                        Ok(new) => *session = new,
                        Err(_) if is_worth_it => {
                            pause(tried);
                            continue;
                        }
                        Err(_) => {}
                    }
                }
                if !is_worth_it {
                    jobs.into_iter().for_each(|job| job.finish(Err(trouble.clone())));
                    return;
                }
                pause(tried);
            }
        }
    }
}

/// Runs the jobs in one transaction. A job that fails for a reason of its own is told so and taken out; `Err` means that
/// the transaction as a whole failed.
fn attempt(session: &mut Session, jobs: &mut Vec<Box<dyn Job>>) -> Result<(), Trouble> {
    session.begin()?;
    let mut number = 0;
    while let Some(job) = jobs.get_mut(number) {
        session.run("SAVEPOINT job")?;
        match job.run(session) {
            Ok(()) => {
                session.run("RELEASE SAVEPOINT job")?;
                number += 1;
            }
            Err(trouble) if trouble.is_passing() || !session.is_in_transaction() => return Err(trouble),
            Err(trouble) => {
                session.run("ROLLBACK TO SAVEPOINT job")?;
                session.run("RELEASE SAVEPOINT job")?;
                jobs.remove(number).finish(Err(trouble));
            }
        }
    }
    session.commit()
}

fn read_all(queue: &Mutex<mpsc::Receiver<Box<dyn Job>>>, mut session: Session, connect: &Connect) {
    loop {
        // The lock is held while waiting: whoever holds it takes the next job, the others wait for the lock.
        let next = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(mut job) = next else { return };
        let mut result = look(&mut session, &mut job);
        for tried in 1..TRIES {
            match &result {
                Err(Trouble::Gone { .. } | Trouble::Contended) => {
                    pause(tried);
                    if session.is_closed() {
                        match connect(Role::Read) {
                            Ok(new) => session = new,
                            Err(_) => continue,
                        }
                    }
                    result = look(&mut session, &mut job);
                }
                _ => break,
            }
        }
        job.finish(result);
    }
}

/// Runs a job that reads, on one state of everything.
fn look(session: &mut Session, job: &mut Box<dyn Job>) -> Result<(), Trouble> {
    session.begin_reading()?;
    let result = job.run(session);
    session.roll_back();
    result
}

/// Waits longer each time, in a thread of our own: 50, 200, 800 ms. A server that restarts needs about a second.
fn pause(tried: u32) {
    let milliseconds = 50_u64.saturating_mul(4_u64.saturating_pow(tried.saturating_sub(1)));
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}
