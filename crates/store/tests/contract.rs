//! What every memory promises, held against SQLite and PostgreSQL: the same cases run over both.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cases;
mod support;

use support::{File, database, open};
use testkit::servers::postgres::Cluster;

/// Each case has a memory of its own, which is empty.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod sqlite {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let file = File::new();
                    cases::$module::$case(&open(&file.address())).await;
                }
            )*
        }

        /// One server for all of them: starting one takes longer than most cases.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres_keeps_every_promise() {
            let cluster = Cluster::start();
            $(
                println!("{}", stringify!($case));
                let address = database(&cluster, stringify!($case)).await;
                let store = tokio::task::spawn_blocking(move || open(&address)).await.unwrap();
                cases::$module::$case(&store).await;
                // Its connections too: the server takes a hundred of them.
                drop(store);
            )*
        }
    };
}

cases![
    looks::an_unchanged_look_moves_the_standing_and_adds_no_episode,
    looks::a_replaced_certificate_leaves_an_episode,
    looks::two_backends_have_overlapping_episodes,
    looks::a_late_look_corrects_history_and_not_the_present,
    looks::vantages_do_not_overwrite_each_other,
    looks::a_past_day_is_answered,
    looks::what_was_seen_comes_back_word_for_word,
    looks::counters_follow_the_standings,
    looks::further_leaves_have_episodes_too,
    sources::a_claim_is_joined_with_the_certificate_whichever_comes_first,
    sources::a_failing_run_removes_nothing,
    sources::the_end_of_a_run_outlives_its_late_beginning,
    sources::an_asking_without_an_end_was_interrupted,
    sources::places_that_are_told_of_are_due,
    sources::texts_of_strangers_are_kept,
    questions::a_newer_certificate_for_the_same_name_is_found,
    questions::certificates_are_found_by_end_name_and_use,
    questions::shared_keys_are_found,
    listing::trouble_comes_first_and_every_row_once,
    listing::every_condition_chooses_and_its_opposite_the_rest,
    listing::ends_are_counted_by_day,
    listing::endpoints_are_found_by_name_address_and_status,
    questions::pages_go_on_where_the_one_before_ended,
    life::leases_pass_on_and_fence,
    life::who_is_gone_is_ousted_and_fenced,
    life::due_places_come_by_time_and_shard,
    life::settings_are_kept,
    life::pruning_keeps_what_is_present,
    life::an_export_is_everything,
    life::many_writers_at_once_lose_nothing,
    alerts::an_alert_comes_back_as_it_was_and_closes,
    alerts::answers_belong_to_one_appearance,
    alerts::silences_end,
    alerts::letters_wait_until_they_arrive_or_are_given_up,
    alerts::a_channel_that_is_away_keeps_the_newest_letters,
    alerts::who_lost_the_lease_tells_nothing,
    alerts::what_is_in_trouble_is_found,
    alerts::old_alerts_are_forgotten,
];
