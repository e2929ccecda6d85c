use testkit::ca::Template;
use testkit::folder::Folder;
use testkit::kubernetes::{Cluster, Habits, Opens, Secret};

use crate::asking::{Asked, Asker};
use crate::run::{End, Follows};

struct World {
    cluster: Cluster,
    folder: Folder,
}

impl World {
    fn new(secrets: Vec<Secret>, habits: Habits) -> Self {
        let cluster = Cluster::start(secrets, &Opens::Token("s3cr3t-token".to_owned()), habits);
        let folder = Folder::new();
        folder.file("ca.crt", cluster.authority());
        folder.secret("token", "s3cr3t-token\n");
        Self { cluster, folder }
    }

    fn ask(&self, more: &str) -> Asked {
        Asker::new().ask(&self.settings(more))
    }

    fn settings(&self, more: &str) -> String {
        let at = |name| self.folder.at(name).display().to_string();
        format!(
            "kind = \"kubernetes\"\nserver = \"{}\"\ntoken_file = \"{}\"\nca_file = \"{}\"\n{more}",
            self.cluster.server(),
            at("token"),
            at("ca.crt")
        )
    }
}

fn secret(namespace: &str, name: &str) -> Secret {
    let minted = Template::server(&format!("{name}.test")).self_signed();
    Secret::tls(namespace, name, &minted.pem(), &minted.key_pem())
}

#[test]
fn every_certificate_of_every_secret_page_by_page() {
    let root = Template::authority("root").self_signed();
    let leaf = Template::server("leaf.test").issued_by(&root);
    let mut secrets: Vec<Secret> = (0..7)
        .map(|number| secret("web", &format!("s{number}")))
        .collect();
    secrets.push(Secret::tls(
        "db",
        "chain",
        &format!("{}{}", leaf.pem(), root.pem()),
        &leaf.key_pem(),
    ));
    secrets.push(Secret::tls("db", "empty", "", ""));
    secrets.push(Secret::tls(
        "db",
        "broken",
        "-----BEGIN CERTIFICATE-----\nnot/base64!\n-----END CERTIFICATE-----\n",
        "",
    ));
    let world = World::new(
        secrets,
        Habits {
            page: 3,
            ..Habits::default()
        },
    );
    let asked = world.ask("");
    assert_eq!(asked.error(), "");
    let lines = asked.lines();
    assert_eq!(lines.len(), 9);
    assert_eq!(lines[0], "whole s0.test @web/s0");
    assert_eq!(lines[7], "whole leaf.test @db/chain");
    assert!(
        lines[8].starts_with("whole root @db/chain (line "),
        "{}",
        lines[8]
    );
    assert_eq!(
        asked.reasons(),
        (vec![("no-certificate", 1), ("malformed", 1)], Vec::new())
    );
    assert_eq!(world.cluster.asked().len(), 4);
}

#[test]
fn a_list_that_grows_too_old_begins_anew_and_nothing_is_told_twice() {
    let secrets = (0..5)
        .map(|number| secret("web", &format!("s{number}")))
        .collect();
    let habits = Habits {
        page: 2,
        gone: 2,
        ..Habits::default()
    };
    let world = World::new(secrets, habits);
    let asked = world.ask("");
    assert_eq!((asked.error(), asked.lines().len()), (String::new(), 5));
    world.cluster.change_habits(|habits| habits.gone = 100);
    let asked = world.ask("");
    assert_eq!(asked.run.end(), End::Partial);
    assert!(
        asked
            .error()
            .starts_with("all namespaces, page 2: the list grew too old"),
        "{}",
        asked.error()
    );
}

#[test]
fn namespaces_that_are_closed_do_not_hide_the_others() {
    let secrets = vec![secret("a", "one"), secret("b", "two"), secret("c", "three")];
    let habits = Habits {
        no_lists: true,
        closed: Some("b".to_owned()),
        ..Habits::default()
    };
    let world = World::new(secrets, habits);
    let all = world.ask("");
    assert!(
        all.error()
            .contains("resources: [\"secrets\"], verbs: [\"list\"]")
            && all.error().contains("status 403"),
        "{}",
        all.error()
    );
    assert_eq!(all.run.error.as_ref().unwrap().follows(), Follows::Person);
    let some = world.ask("namespaces = [\"a\", \"b\", \"c\"]");
    assert_eq!(
        some.lines(),
        ["whole one.test @a/one", "whole three.test @c/three"]
    );
    assert!(
        some.error().starts_with("namespace b, page 1: "),
        "{}",
        some.error()
    );
    assert_eq!(some.run.end(), End::Partial);
}

#[test]
fn faults_are_outlasted_and_a_wrong_token_is_said() {
    let secrets = (0..9)
        .map(|number| secret("web", &format!("s{number}")))
        .collect();
    let world = World::new(
        secrets,
        Habits {
            page: 1,
            fails_every: 3,
            ..Habits::default()
        },
    );
    assert_eq!(world.ask("page_size = 2").lines().len(), 9);
    world.folder.secret("token", "wr0ng-token");
    let asked = world.ask("");
    assert!(
        asked
            .error()
            .contains("does not know the credentials (status 401, Unauthorized)"),
        "{}",
        asked.error()
    );
    assert!(!asked.error().contains("wr0ng"));
    world
        .folder
        .file("ca.crt", Template::authority("other").self_signed().pem());
    let asked = world.ask("");
    assert!(
        asked.error().contains("no TLS: invalid peer certificate"),
        "{}",
        asked.error()
    );
}

#[test]
fn kubeconfigs_with_a_token_a_certificate_or_a_program() {
    let world = World::new(vec![secret("web", "one")], Habits::default());
    let path = world.folder.at("config").display().to_string();
    let ask = |user: &str, more: &str| {
        world.folder.secret("config", world.cluster.kubeconfig(user));
        Asker::new().ask(&format!("kind = \"kubernetes\"\nkubeconfig = \"{path}\"\n{more}"))
    };
    assert_eq!(
        ask("    token: s3cr3t-token\n", "").lines(),
        ["whole one.test @web/one"]
    );
    assert_eq!(
        ask("    tokenFile: token\n", "").lines(),
        ["whole one.test @web/one"]
    );
    let exec = ask(
        "    exec:\n      command: aws\n      args: [eks, get-token]\n",
        "",
    );
    assert!(
        exec.error().contains("`exec`, which is not supported"),
        "{}",
        exec.error()
    );
    let other = ask("    token: x\n", "context = \"there\"");
    assert!(
        other.error().ends_with("it has no context `there`; it has here"),
        "{}",
        other.error()
    );
    let both = ask("    token: x\n", "server = \"https://a\"");
    assert!(both.error().contains("keep one of them"), "{}", both.error());
    world.folder.file("config", "a: [");
    let broken = Asker::new().ask(&format!("kind = \"kubernetes\"\nkubeconfig = \"{path}\"\n"));
    assert!(broken.error().contains("not YAML"), "{}", broken.error());
}

#[test]
fn a_client_certificate_opens_a_cluster() {
    let cluster = Cluster::start(vec![secret("web", "one")], &Opens::Certificate, Habits::default());
    let folder = Folder::new();
    let path = folder.secret("config", cluster.kubeconfig(&cluster.certified_user()));
    let settings = format!("kind = \"kubernetes\"\nkubeconfig = \"{}\"\n", path.display());
    let asked = Asker::new().ask(&settings);
    assert_eq!(
        (asked.error(), asked.lines()),
        (String::new(), vec!["whole one.test @web/one".to_owned()])
    );
}

#[test]
fn inside_of_a_cluster_nothing_needs_to_be_said() {
    let world = World::new(vec![secret("web", "one")], Habits::default());
    assert!(
        Asker::new()
            .ask("kind = \"kubernetes\"")
            .error()
            .contains("KUBERNETES_SERVICE_HOST")
    );
    let mut asker = Asker::new();
    let socket = world.cluster.socket();
    let variables = [
        ("KUBERNETES_SERVICE_HOST", socket.ip().to_string()),
        ("KUBERNETES_SERVICE_PORT", socket.port().to_string()),
    ];
    asker
        .variables
        .extend(variables.map(|(name, value)| (name.to_owned(), value)));
    let at = |name| world.folder.at(name).display().to_string();
    let asked = asker.ask(&format!(
        "kind = \"kubernetes\"\ntoken_file = \"{}\"\nca_file = \"{}\"",
        at("token"),
        at("ca.crt")
    ));
    assert_eq!(asked.lines(), ["whole one.test @web/one"]);
}
