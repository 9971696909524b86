//! Writes what webhooks carry: the enum of items, the methods that find a record wherever it lies, and the topics.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::document::names::Taken;
use super::super::model::webhooks::{Access, Held, Id, Item, Record, Topic, Webhooks};

/// The module of webhooks.
pub fn webhooks(webhooks: &Webhooks) -> TokenStream {
    let variants = variants(&webhooks.items);
    let items = webhooks.items.iter().zip(&variants).map(|(item, variant)| {
        let (ty, variant) = (format_ident!("{}", item.name), format_ident!("{variant}"));
        let (kinds, keys) = (&item.kinds, &item.keys);
        let stub = match &item.stub {
            Some(name) => quote! { Some(#name) },
            None => quote! { None },
        };
        let doc = item_doc(item);
        quote! { #[doc = #doc] #variant(super::types::#ty) = [#(#kinds),*] [#(#keys),*] #stub; }
    });
    let finders = webhooks.records.iter().map(|record| finder(record, &variants));
    let ids = webhooks.ids.iter().map(|id| id_finder(id, &variants));
    let (on_items, on_notifications): (Vec<_>, Vec<_>) = finders.chain(ids).unzip();
    let topics = topics(webhooks, &variants);
    quote! {
        /// What notifications of webhooks are about.
        #[cfg(feature = "webhooks")]
        pub(crate) mod webhooks {
            crate::webhooks::item::items! { #(#items)* }

            /// Finds records and ids wherever they lie in an item.
            impl Item { #(#on_items)* }

            /// Finds records and ids wherever they lie in the item.
            impl crate::webhooks::Notification { #(#on_notifications)* }

            #topics
        }
    }
}

/// The names of the variants. None is called as those that the enum has besides.
fn variants(items: &[Item]) -> Vec<String> {
    let mut variants = Taken::types_beside(["Other", "Stub"]);
    items.iter().map(|item| variants.free(&item.name)).collect()
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

fn item_doc(item: &Item) -> String {
    let keys: Vec<String> = item.keys.iter().map(|name| format!("`{name}`")).collect();
    let without = format!("without a type, with the objects {}", keys.join(" and "));
    match (item.kinds.as_slice(), item.keys.as_slice()) {
        ([], _) => format!("An item {without}."),
        (kinds, []) => format!("An item of the type {}.", quoted(kinds)),
        (kinds, _) => format!("An item of the type {}, or {without}.", quoted(kinds)),
    }
}

/// A step from a value to a field, as an option of a reference.
fn step(value: &TokenStream, access: &Access) -> TokenStream {
    let field = format_ident!("{}", access.ident);
    match access.of {
        Held::Object => quote! { #value.#field.as_ref() },
        Held::Boxed | Held::Text => quote! { #value.#field.as_deref() },
        Held::List => quote! { crate::webhooks::item::only(&#value.#field) },
    }
}

fn way(accesses: &[Access]) -> TokenStream {
    let mut accesses = accesses.iter();
    let first = accesses.next().map(|access| step(&quote! { item }, access));
    let others = accesses.map(|access| {
        let step = step(&quote! { value }, access);
        quote! { .and_then(|value| #step) }
    });
    quote! { #first #(#others)* }
}

/// The methods that find a record, on items and on notifications.
fn finder(record: &Record, variants: &[String]) -> (TokenStream, TokenStream) {
    let (method, ty) = (format_ident!("{}", record.method), format_ident!("{}", record.name));
    let arms = record.places.iter().map(|(place, access)| {
        let variant = format_ident!("{}", variants[*place]);
        let found = match access {
            Some(access) => step(&quote! { item }, access),
            None => quote! { Some(&**item) },
        };
        quote! { Self::#variant(item) => #found, }
    });
    let said = format!("[`{0}`](crate::types::{0})", record.name);
    let doc = format!("Returns the {said} that the item is, or holds. A stub is not one.");
    let on_notification =
        format!("Returns the {said} that the item is, or holds, of every topic that has one. A stub is not one.");
    (
        quote! {
            #[doc = #doc]
            pub fn #method(&self) -> ::std::option::Option<&super::types::#ty> {
                match self {
                    #(#arms)*
                    _ => None,
                }
            }
        },
        quote! {
            #[doc = #on_notification]
            pub fn #method(&self) -> ::std::option::Option<&super::types::#ty> {
                self.item()?.#method()
            }
        },
    )
}

/// The methods that find an id, on items and on notifications.
fn id_finder(id: &Id, variants: &[String]) -> (TokenStream, TokenStream) {
    let method = format_ident!("{}", id.method);
    let mut arms: Vec<(usize, Vec<TokenStream>)> = Vec::new();
    for (place, accesses) in &id.places {
        match arms.iter_mut().find(|(known, _)| known == place) {
            Some((_, ways)) => ways.push(way(accesses)),
            None => arms.push((*place, vec![way(accesses)])),
        }
    }
    let arms = arms.iter().map(|(place, ways)| {
        let variant = format_ident!("{}", variants[*place]);
        let (first, others) = (ways.first(), ways.iter().skip(1));
        quote! { Self::#variant(item) => #first #(.or_else(|| #others))*, }
    });
    let (noun, kinds) = (&id.noun, &id.kinds);
    let said = noun.replace('_', " ");
    let doc = format!("Returns the id of the {said} that the item is, holds or names, also if the item is a stub.");
    (
        quote! {
            #[doc = #doc]
            pub fn #method(&self) -> ::std::option::Option<&str> {
                match self {
                    #(#arms)*
                    Self::Stub(stub) => stub.id_of(&[#(#kinds),*]),
                    Self::Other(item) => crate::webhooks::item::id_in(item, #noun, &[#(#kinds),*]),
                    #[allow(unreachable_patterns)] // whether there are others depends on the description
                    _ => None,
                }
            }
        },
        quote! {
            #[doc = #doc]
            pub fn #method(&self) -> ::std::option::Option<&str> {
                self.item()?.#method()
            }
        },
    )
}

/// The topics, with what their items are.
fn topics(webhooks: &Webhooks, variants: &[String]) -> TokenStream {
    let mut constants = Taken::beside(["all"]);
    let named: Vec<(String, &Topic)> = webhooks
        .topics
        .iter()
        .map(|topic| {
            let name = topic.name.replace(['.', '-'], "_");
            (
                constants
                    .free(&super::super::document::names::ident(&name, "topic"))
                    .to_uppercase(),
                topic,
            )
        })
        .collect();
    let item = |topic: &Topic| {
        let place = webhooks
            .items
            .iter()
            .position(|item| item.name == topic.item || item.kinds.contains(&topic.item));
        match (place.and_then(|place| variants.get(place)), topic.item.as_str()) {
            (Some(variant), _) => format!("[`Item::{variant}`](crate::webhooks::Item::{variant})"),
            (None, "stub") => "[`Item::Stub`](crate::webhooks::Item::Stub)".to_owned(),
            (None, "") => "[`Item::Other`](crate::webhooks::Item::Other)".to_owned(),
            (None, kind) => format!("[`Item::Other`](crate::webhooks::Item::Other), `{kind}`"),
        }
    };
    let rows = named.iter().map(|(constant, topic)| {
        format!(
            "\n| [`{}`](crate::webhooks::topics::{constant}) | {} | {} | {} |",
            topic.name,
            topic.about,
            item(topic),
            topic.seen
        )
    });
    let table: String = rows.collect();
    let doc = format!(
        "The topics that Intercom documents in its\n\
         [webhook reference](https://developers.intercom.com/docs/references/webhooks/webhook-models) or has been seen to send. \
         The set is open: newer ones come as any other text.\n\n\
         The items are as recorded where there is a recording; others are as documented.\n\n\
         | topic | what happened | item | source |\n|---|---|---|---|{table}"
    );
    let declared = named.iter().map(|(constant, topic)| {
        let (name, text) = (format_ident!("{constant}"), &topic.name);
        let doc = format!(
            "`{}`: {}.\n\nItem: {} ({}).",
            topic.name,
            topic.about,
            item(topic),
            topic.seen
        );
        quote! { #[doc = #doc] pub const #name: &str = #text; }
    });
    let names = named.iter().map(|(constant, _)| format_ident!("{constant}"));
    quote! {
        #[doc = #doc]
        pub mod topics {
            #(#declared)*

            /// All topics of this module.
            pub const ALL: &[&str] = &[#(#names),*];
        }
    }
}
