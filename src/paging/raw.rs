//! Lists that the description lacks.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Items, Page, Pages, Position, sealed};
use crate::call::operation::Paging;
use crate::client::request::Request;
use crate::wire::extra::Extra;
use crate::wire::next_page::NextPage;
use crate::wire::object::object;
use crate::wire::read::{self, DecodeError};
use crate::wire::user_types::from_json;

impl Request {
    /// Returns the pages of a list as a stream of complete responses.
    ///
    /// `paging` is the kind of list, and `items` the field of the response that contains the items.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # let tickets = serde_json::json!({"tickets": [{"id": "1"}, {"id": "2"}], "pages": {}});
    /// # intercom.on_any().respond(intercom_client::mock::MockResponse::json(tickets));
    /// # let client = intercom.client();
    /// use futures_util::TryStreamExt;
    /// use intercom_client::{Method, paging::Paging};
    /// use serde_json::json;
    ///
    /// let search = client.request(Method::POST, "/tickets/search");
    /// let query = json!({"query": {"field": "open", "operator": "=", "value": true}});
    /// let mut tickets = search.json(&query).stream::<serde_json::Value>(Paging::CursorInBody, "tickets");
    /// while let Some(ticket) = tickets.try_next().await? {
    ///     println!("{}", ticket["id"]);
    /// #     assert!(ticket["id"].is_string());
    /// }
    /// # assert_eq!(intercom.received()[0].json()["query"], query["query"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<T: DeserializeOwned + Send + 'static>(
        self,
        paging: Paging,
        items: impl Into<String>,
    ) -> Pages<RawPage<T>> {
        let (name, call) = (items.into(), self.call(Some(paging), false));
        Pages::fetched(self.client.clone(), call, None, move |client, call| {
            let name = name.clone();
            Box::pin(async move {
                let response = client.bytes(&call).await?;
                match RawPage::read(&response, &name, paging) {
                    Ok(page) => Ok(response.map(|_| page)),
                    Err(unread) => Err(response.decode_error(unread)),
                }
            })
        })
    }

    /// Returns the items of all pages as a stream; see [`pages`](Self::pages). A page is fetched after the items of the previous page
    /// were returned.
    pub fn stream<T: DeserializeOwned + Send + 'static>(
        self,
        paging: Paging,
        items: impl Into<String>,
    ) -> Items<RawPage<T>> {
        Items::new(self.pages(paging, items))
    }
}

/// One page of a list that the description lacks.
#[derive(Clone, Debug)]
pub struct RawPage<T = Value> {
    items: Vec<T>,
    paging: Paging,
    envelope: Envelope,
}

/// The fields of a page except for its items.
#[derive(Clone, Debug, Default, PartialEq)]
struct Envelope {
    pages: Option<PagesField>,
    total_count: Option<i64>,
    scroll_param: Option<String>,
    extra: Extra,
}

object! {
    Envelope { 0 "pages" pages field; 1 "total_count" total_count field; 2 "scroll_param" scroll_param field; }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct PagesField {
    next: Option<NextPage>,
    page: Option<i64>,
    total_pages: Option<i64>,
    extra: Extra,
}

object! { PagesField { 0 "next" next field; 1 "page" page field; 2 "total_pages" total_pages field; } }

impl<T: DeserializeOwned> RawPage<T> {
    fn read(body: &[u8], name: &str, paging: Paging) -> Result<Self, DecodeError> {
        let (mut envelope, _) = read::body::<Envelope>(body)?;
        let items = match envelope.extra.json(name) {
            Some("null") => Vec::new(),
            Some(json) => from_json(json.as_bytes()).map_err(|_| DecodeError {
                path: name.to_owned(),
                expected: "a list of items of the requested type",
                found: "something else".to_owned(),
            })?,
            None => {
                return Err(DecodeError {
                    path: name.to_owned(),
                    expected: "a list",
                    found: "nothing".to_owned(),
                });
            }
        };
        envelope.extra.remove(name);
        Ok(Self {
            items,
            paging,
            envelope,
        })
    }
}

impl<T> RawPage<T> {
    /// Returns the fields of the page that are neither its items nor used for paging.
    pub fn extra(&self) -> &Extra {
        &self.envelope.extra
    }
}

impl<T: Send + 'static> Page for RawPage<T> {
    type Item = T;

    fn items(&self) -> &[T] {
        &self.items
    }

    fn into_items(self) -> Vec<T> {
        self.items
    }

    fn total_count(&self) -> Option<i64> {
        self.envelope.total_count
    }
}

impl<T> sealed::Paged for RawPage<T> {
    fn list_name(&self) -> Option<&'static str> {
        None
    }

    fn position(&self) -> Position<'_> {
        let pages = self.envelope.pages.as_ref();
        let next = pages.and_then(|pages| pages.next.as_ref());
        let empty = self.items.is_empty();
        match self.paging {
            Paging::Cursor | Paging::CursorInBody => Position::Cursor(next),
            Paging::Page => Position::Page {
                page: pages.and_then(|pages| pages.page),
                total_pages: pages.and_then(|pages| pages.total_pages),
                next,
                empty,
            },
            Paging::Scroll => Position::Scroll {
                scroll_param: self.envelope.scroll_param.as_deref(),
                empty,
            },
            Paging::Events => Position::Events { next, empty },
            Paging::Unpaged => Position::Unpaged,
        }
    }
}
