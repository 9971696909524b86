//! Runs the examples in the documentation of operations.

/// Runs the example of an operation against a mock Intercom, and panics unless the call is sent.
///
/// The mock may reject an id or cursor of the example, because not every description has a record
/// for each.
#[doc(hidden)]
#[macro_export]
macro_rules! __example {
    ($id:ident, $client:ident, { $($code:tt)* }) => {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let intercom = $crate::mock::MockIntercom::new();
            let $client = intercom.client();
            let outcome: Result<(), $crate::Error> = async {
                $($code)*
                Ok(())
            }
            .await;
            assert!(!intercom.calls(stringify!($id)).is_empty(), "{outcome:?}");
            let is_rejected = |error: &$crate::Error| error.status().is_some_and(|status| status.is_client_error());
            assert!(outcome.as_ref().err().is_none_or(is_rejected), "{outcome:?}");
        })
    };
}
