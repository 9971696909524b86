//! Writes the types of webhooks: the enum of items, the methods that find records and ids in items,
//! and the topics.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::document::names::UniqueNames;
use super::super::model::webhooks::{FieldKind, FieldStep, IdMethod, ItemType, RecordMethod, Topic, Webhooks};

/// Writes the module of webhooks.
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
    let all_ids = all_ids(&webhooks.ids);
    let topics = topics(webhooks, &variants);
    quote! {
        /// The items and topics of notifications.
        #[cfg(feature = "webhooks")]
        pub(crate) mod webhooks {
            crate::webhooks::item::items! { #(#items)* }

            /// Methods that find records and ids in an item.
            impl Item { #(#on_items)* }

            /// Methods that find records and ids in the item.
            impl crate::webhooks::Notification { #(#on_notifications)* #all_ids }

            #topics
        }
    }
}

/// Returns the names of the variants, which differ from the fixed variants of the enum.
fn variants(items: &[ItemType]) -> Vec<String> {
    let mut variants = UniqueNames::types(["Other", "Stub"]);
    items.iter().map(|item| variants.free(&item.name)).collect()
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

fn item_doc(item: &ItemType) -> String {
    let keys: Vec<String> = item.keys.iter().map(|name| format!("`{name}`")).collect();
    let without = format!("without a type that contains the objects {}", keys.join(" and "));
    match (item.kinds.as_slice(), item.keys.as_slice()) {
        ([], _) => format!("An item {without}."),
        (kinds, []) => format!("An item of the type {}.", quoted(kinds)),
        (kinds, _) => format!("An item of the type {}, or {without}.", quoted(kinds)),
    }
}

/// Writes the access to a field of a value: an `Option` of a reference.
fn step(value: &TokenStream, access: &FieldStep) -> TokenStream {
    let field = format_ident!("{}", access.ident);
    match access.kind {
        FieldKind::Object => quote! { #value.#field.as_ref() },
        FieldKind::Boxed | FieldKind::Text => quote! { #value.#field.as_deref() },
        FieldKind::List => quote! { crate::webhooks::item::only(&#value.#field) },
    }
}

fn path(accesses: &[FieldStep]) -> TokenStream {
    let mut accesses = accesses.iter();
    let first = accesses.next().map(|access| step(&quote! { item }, access));
    let others = accesses.map(|access| {
        let step = step(&quote! { value }, access);
        quote! { .and_then(|value| #step) }
    });
    quote! { #first #(#others)* }
}

/// Writes the methods that find a record, for items and for notifications.
fn finder(record: &RecordMethod, variants: &[String]) -> (TokenStream, TokenStream) {
    let (method, ty) = (format_ident!("{}", record.method), format_ident!("{}", record.name));
    let arms = record.places.iter().map(|(place, access)| {
        let variant = format_ident!("{}", variants[*place]);
        let found = match access {
            Some(access) => step(&quote! { item }, access),
            None => quote! { Some(&**item) },
        };
        quote! { Self::#variant(item) => #found, }
    });
    let link = format!("[`{0}`](crate::types::{0})", record.name);
    let doc = format!("Returns the {link} that the item is or contains; `None` for a stub.");
    let on_notification =
        format!("Returns the {link} that the item is or contains, for every topic that has one; `None` for a stub.");
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

/// Writes the methods that find an id, for items and for notifications.
fn id_finder(id: &IdMethod, variants: &[String]) -> (TokenStream, TokenStream) {
    let method = format_ident!("{}", id.method);
    let mut arms: Vec<(usize, Vec<TokenStream>)> = Vec::new();
    for (place, accesses) in &id.places {
        match arms.iter_mut().find(|(known, _)| known == place) {
            Some((_, paths)) => paths.push(path(accesses)),
            None => arms.push((*place, vec![path(accesses)])),
        }
    }
    let arms = arms.iter().map(|(place, paths)| {
        let variant = format_ident!("{}", variants[*place]);
        let (first, others) = (paths.first(), paths.iter().skip(1));
        quote! { Self::#variant(item) => #first #(.or_else(|| #others))*, }
    });
    let (noun, kinds) = (&id.noun, &id.kinds);
    let label = noun.replace('_', " ");
    let doc = format!("Returns the id of the {label} that the item is, contains or refers to, also for a stub.");
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

/// Writes the method of notifications that returns the ids of all records.
fn all_ids(ids: &[IdMethod]) -> TokenStream {
    let nouns = ids.iter().map(|id| &id.noun);
    let methods = ids.iter().map(|id| format_ident!("{}", id.method));
    let count = ids.len();
    quote! {
        /// Returns the ids of all records that the item is, contains or refers to, each with the
        /// kind of the record, such as `contact`.
        ///
        /// There is at most one id of each kind: the one that the method of that kind returns,
        /// such as `contact_id`.
        pub fn ids(&self) -> impl ::std::iter::Iterator<Item = (&'static str, &str)> {
            let ids: [(&'static str, ::std::option::Option<&str>); #count] = [#((#nouns, self.#methods())),*];
            ids.into_iter().filter_map(|(kind, id)| ::std::option::Option::Some((kind, id?)))
        }
    }
}

/// Writes the topics and a table of their items.
fn topics(webhooks: &Webhooks, variants: &[String]) -> TokenStream {
    let mut constants = UniqueNames::values(["all"]);
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
        "Topics of notifications: those of Intercom's\n\
         [webhook reference](https://developers.intercom.com/docs/references/webhooks/webhook-models), and others that were \
         recorded. Intercom adds topics; a notification can have one that is not in this module.\n\n\
         | topic | event | item | source |\n|---|---|---|---|{table}"
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

            /// The topics of this module.
            pub const ALL: &[&str] = &[#(#names),*];
        }
    }
}
