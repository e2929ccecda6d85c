//! One worker: tasks come in through the channel that all share, turns go out. Each has a thread, a runtime, and a way out of
//! its own, as the workers of a scan have.

use std::collections::HashMap;
use std::sync::Arc;

use net::Network;
use probe::Prober;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{Id, JoinSet};

use super::{Broken, Score};
use crate::look::Eye;
use crate::pipeline::{Line, Task, Turn};

/// A worker.
pub(super) struct Hand {
    line: Arc<Line>,
    slots: usize,
    tasks: Arc<Mutex<mpsc::Receiver<Task>>>,
    out: mpsc::Sender<Turn>,
    stop: watch::Receiver<bool>,
}

/// Starts the workers. They end when no more tasks come or they are told to stop, and what they look at is done.
pub(super) fn start(
    score: &Score,
    tasks: &Arc<Mutex<mpsc::Receiver<Task>>>,
    out: &mpsc::Sender<Turn>,
) -> Result<(), Broken> {
    let workers = score.workers.max(1);
    for number in 0..workers {
        let prober = Prober::new(score.looking.clone())?;
        let eye = Eye {
            prober,
            depth: score.looking.depth,
            judge: Arc::clone(&score.judge),
        };
        let (network, permits) = (score.network.clone(), Arc::clone(&score.permits));
        let (vantage, cadence) = (score.vantage.clone(), Arc::clone(&score.cadence));
        let (tasks, out, stop) = (Arc::clone(tasks), out.clone(), score.stop.clone());
        let slots = score.concurrency.div_ceil(workers).max(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name(format!("look-{number}"));
        // Not joined: the channel of turns ends when all of them have.
        thread.spawn(move || {
            runtime.block_on(async move {
                let network = Network::new(network, permits);
                let line = Arc::new(Line {
                    eye,
                    network,
                    vantage,
                    cadence,
                });
                Hand {
                    line,
                    slots,
                    tasks,
                    out,
                    stop,
                }
                .work()
                .await;
            });
        })?;
    }
    Ok(())
}

impl Hand {
    async fn work(mut self) {
        let mut busy: JoinSet<Turn> = JoinSet::new();
        let mut places: HashMap<Id, i64> = HashMap::new();
        let mut open = true;
        while open || !busy.is_empty() {
            let tasks = Arc::clone(&self.tasks);
            tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop), if open => open = false,
                Some(turn) = busy.join_next_with_id() => {
                    let (id, turn) = match turn {
                        Ok((id, turn)) => (id, Some(turn)),
                        Err(lost) => (lost.id(), None),
                    };
                    // A task that was lost has seen nothing, and its place is still due.
                    let place = places.remove(&id).unwrap_or_default();
                    let turn = turn.unwrap_or_else(|| Turn { place, ..Turn::default() });
                    if self.out.send(turn).await.is_err() {
                        return;
                    }
                }
                task = async move { tasks.lock().await.recv().await }, if open && busy.len() < self.slots => match task {
                    Some(task) => {
                        let (line, place) = (Arc::clone(&self.line), task.due.id.0);
                        let id = busy.spawn(async move { line.turn(task).await }).id();
                        places.insert(id, place);
                    }
                    None => open = false,
                },
            }
        }
    }
}
