use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::Certificate;

/// Made by `keytool` of OpenJDK: a private key `server` with its certificate, the same certificate as `wurzel-ä`;
/// passphrase `changeit`.
const A_JKS: &str = "\
    /u3+7QAAAAIAAAACAAAAAQAGc2VydmVyAAABohAUjQoAAAB/MH0wDgYKKwYBBAEqAhEBAQUABGubB4OMQl1u1rjgzFb2c7JQSExmSQ8Z\
    EpC1NT+krgxq2rlJ6zmDGmRsFw2yoxOTYvX2UOkRu8Nm3qREH6kUOQSoc++VHb2PN2ocKjPUMmB3uVr1ohXWTuUDFDx/ZtOCg+GS0DpT\
    uEAjS3lBbgAAAAEABVguNTA5AAABPTCCATkwgd+gAwIBAgIIVJPcw4Bs3HkwCgYIKoZIzj0EAwIwETEPMA0GA1UEAxMGYS50ZXN0MB4X\
    DTI2MTEyNTAwMjE1MVoXDTI2MTIyNTAwMjE1MVowETEPMA0GA1UEAxMGYS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE86qz\
    8JVR0T93jgrQLdMsGXIYGM7FISPGvQP8E0DRenQH+sZ/CEn1QenxC5RVds5hotNF+Ht2SOzv3KxW9zL8zKMhMB8wHQYDVR0OBBYEFArV\
    9SZnumXN2wmnFk+932uzC8cVMAoGCCqGSM49BAMCA0kAMEYCIQCGAfF8lTJ97Sa29vYl8Enf03CV5DmfOOX95kfNtuACxAIhALlhhvHS\
    xDxyqXVjmJd53oohQJThIttJtp11JISiaEpUAAAAAgAJd3VyemVsLcOkAAABohAUk5oABVguNTA5AAABPTCCATkwgd+gAwIBAgIIVJPc\
    w4Bs3HkwCgYIKoZIzj0EAwIwETEPMA0GA1UEAxMGYS50ZXN0MB4XDTI2MTEyNTAwMjE1MVoXDTI2MTIyNTAwMjE1MVowETEPMA0GA1UE\
    AxMGYS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE86qz8JVR0T93jgrQLdMsGXIYGM7FISPGvQP8E0DRenQH+sZ/CEn1Qenx\
    C5RVds5hotNF+Ht2SOzv3KxW9zL8zKMhMB8wHQYDVR0OBBYEFArV9SZnumXN2wmnFk+932uzC8cVMAoGCCqGSM49BAMCA0kAMEYCIQCG\
    AfF8lTJ97Sa29vYl8Enf03CV5DmfOOX95kfNtuACxAIhALlhhvHSxDxyqXVjmJd53oohQJThIttJtp11JISiaEpUX+kJCmDUS45kvQyW\
    R5jZlhlmxoc=";

/// Made by `keytool` of OpenJDK: two certificates and a secret key; passphrase `secret1`.
const A_JCEKS: &str = "\
    zs7OzgAAAAIAAAADAAAAAgAGei1sYXN0AAABohAWPM4ABVguNTA5AAABPTCCATkwgd+gAwIBAgIIVJPcw4Bs3HkwCgYIKoZIzj0EAwIw\
    ETEPMA0GA1UEAxMGYS50ZXN0MB4XDTI2MTEyNTAwMjE1MVoXDTI2MTIyNTAwMjE1MVowETEPMA0GA1UEAxMGYS50ZXN0MFkwEwYHKoZI\
    zj0CAQYIKoZIzj0DAQcDQgAE86qz8JVR0T93jgrQLdMsGXIYGM7FISPGvQP8E0DRenQH+sZ/CEn1QenxC5RVds5hotNF+Ht2SOzv3KxW\
    9zL8zKMhMB8wHQYDVR0OBBYEFArV9SZnumXN2wmnFk+932uzC8cVMAoGCCqGSM49BAMCA0kAMEYCIQCGAfF8lTJ97Sa29vYl8Enf03CV\
    5DmfOOX95kfNtuACxAIhALlhhvHSxDxyqXVjmJd53oohQJThIttJtp11JISiaEpUAAAAAwAGbWlkZGxlAAABohAWMb2s7QAFc3IAM2Nv\
    bS5zdW4uY3J5cHRvLnByb3ZpZGVyLlNlYWxlZE9iamVjdEZvcktleVByb3RlY3Rvcs1XylnnMLtTAgAAeHIAGWphdmF4LmNyeXB0by5T\
    ZWFsZWRPYmplY3Q+Nj2mw7dUcAIABFsADWVuY29kZWRQYXJhbXN0AAJbQlsAEGVuY3J5cHRlZENvbnRlbnRxAH4AAkwACXBhcmFtc0Fs\
    Z3QAEkxqYXZhL2xhbmcvU3RyaW5nO0wAB3NlYWxBbGdxAH4AA3hwdXIAAltCrPMX+AYIVOACAAB4cAAAABEwDwQInpB4QbAZ5u4CAwMN\
    QHVxAH4ABQAAAJB52WFDJCN/Rz73oj5yVbp0yJBAgI4MTBRXDmtrSuWAZG/zdW2blhVGR7MSmdNNMUHVFmmlblj7+QctNlI0arZ8ix1c\
    4ZcCCS2VQNAKGa6AWfpfE6o9Bm3eSB8hipsxOOq5Fa7R+pIPQmkeUKQ8+jXSazPNAld+j65OEbk5Dd8tkJmv/IqZUSrvyur0ly9HI5t0\
    ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVTdAAWUEJFV2l0aE1ENUFuZFRyaXBsZURFUwAAAAIAB2EtZmlyc3QAAAGiEBY5FQAFWC41MDkA\
    AAE9MIIBOTCB36ADAgECAghUk9zDgGzceTAKBggqhkjOPQQDAjARMQ8wDQYDVQQDEwZhLnRlc3QwHhcNMjYxMTI1MDAyMTUxWhcNMjYx\
    MjI1MDAyMTUxWjARMQ8wDQYDVQQDEwZhLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATzqrPwlVHRP3eOCtAt0ywZchgYzsUh\
    I8a9A/wTQNF6dAf6xn8ISfVB6fELlFV2zmGi00X4e3ZI7O/crFb3MvzMoyEwHzAdBgNVHQ4EFgQUCtX1Jme6Zc3bCacWT73fa7MLxxUw\
    CgYIKoZIzj0EAwIDSQAwRgIhAIYB8XyVMn3tJrb29iXwSd/TcJXkOZ845f3mR8224ALEAiEAuWGG8dLEPHKpdWOYl3neiiFAlOEi20m2\
    nXUkhKJoSlT8QGcUYKhSXszCkgpqbsWuZGfeRg==";

fn jks() -> Vec<u8> {
    STANDARD.decode(A_JKS).unwrap()
}

fn jceks() -> Vec<u8> {
    STANDARD.decode(A_JCEKS).unwrap()
}

#[test]
fn a_key_store_of_keytool() {
    let bytes = jks();
    let store = KeyStore::parse(&bytes).unwrap();
    assert_eq!((store.kind, store.ended), (Kind::Jks, None));
    assert_eq!(store.keys, ["server".into()]);
    let names: Vec<_> = store
        .certificates
        .iter()
        .map(|entry| (entry.alias.raw(), entry.in_chain))
        .collect();
    assert_eq!(names, [("server", Some(0)), ("wurzel-ä", None)]);
    for entry in &store.certificates {
        let certificate = Certificate::from_der(&bytes[entry.der.clone()]);
        assert_eq!(certificate.facts().subject.text.raw(), "CN=a.test");
        assert_eq!(certificate.facts().oddities, []);
    }
}

#[test]
fn the_passphrase_proves_that_nothing_was_changed() {
    let mut bytes = jks();
    assert!(KeyStore::is_intact(&bytes, "changeit"));
    assert!(!KeyStore::is_intact(&bytes, "changeit2"));
    assert!(!KeyStore::is_intact(&bytes, ""));
    bytes[400] ^= 1;
    assert!(!KeyStore::is_intact(&bytes, "changeit"));
    assert!(!KeyStore::is_intact(&[], ""));
}

#[test]
fn what_stands_behind_a_secret_key_cannot_be_found() {
    let bytes = jceks();
    assert!(KeyStore::is_intact(&bytes, "secret1"));
    let store = KeyStore::parse(&bytes).unwrap();
    assert_eq!(store.kind, Kind::Jceks);
    let Some(Ended::SecretKey(unread)) = store.ended else {
        panic!("{store:?}");
    };
    assert_eq!(usize::try_from(unread).unwrap() + store.certificates.len(), 2);
}

#[test]
fn broken_key_stores_give_what_stands_before_the_break() {
    let bytes = jks();
    for length in 4..bytes.len() {
        let store = KeyStore::parse(&bytes[..length]).unwrap();
        assert!(store.ended.is_some(), "{length}");
        assert!(store.certificates.iter().all(|entry| entry.der.end <= length));
    }
    assert_eq!(KeyStore::parse(&bytes[1..]), None);
    assert_eq!(KeyStore::parse(b""), None);
    let mut version = bytes.clone();
    version[7] = 3;
    assert_eq!(KeyStore::parse(&version).unwrap().ended, Some(Ended::Version(3)));
    let mut tag = bytes;
    tag[15] = 9;
    assert_eq!(KeyStore::parse(&tag).unwrap().ended, Some(Ended::Broken(12)));
}

#[test]
fn counts_that_promise_more_than_there_is_cost_nothing() {
    let mut bytes = JKS.to_vec();
    bytes.extend([0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(KeyStore::parse(&bytes).unwrap().ended, Some(Ended::Broken(12)));
    // A certificate of no octets, again and again.
    let entry = [&[0, 0, 0, 2, 0, 0][..], &[0; 8], b"\0\x05X.509", &[0; 4]].concat();
    bytes.extend(entry.repeat(limits::BUNDLE_ITEMS + 1));
    let store = KeyStore::parse(&bytes).unwrap();
    assert_eq!(
        (store.certificates.len(), store.ended),
        (limits::BUNDLE_ITEMS, Some(Ended::TooMany))
    );
}
