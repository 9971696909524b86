# Shortens the listing of `cargo public-api` without hiding anything that can break.
#
# Most of the listing would be traits of generated types, which have the same traits. The traits of one type are listed, and a
# line such as `impl <traits of types::Admin> for types::Tag` replaces equal ones of other types. A type that loses or gains a
# trait gets another line.

# Returns the text with one path replaced by another.
function replaced(text, path, other,    at, before) {
    before = ""
    while ((at = index(text, path)) > 0) {
        before = before substr(text, 1, at - 1)
        text = substr(text, at + length(path))
        # `types::Tag` is not part of `types::TagList`.
        before = before (text ~ /^[A-Za-z0-9_:]/ ? path : other)
    }
    return before text
}

# Returns the traits with the type, and the object or builder that belongs to it, replaced by placeholders.
function placeholders(traits, type,    name, pair) {
    name = type
    sub(/.*::/, "", name)
    pair = type ~ /::types::builder::/ ? "intercom_client::types::" substr(name, 1, length(name) - length("Builder")) \
                                       : "intercom_client::types::builder::" name "Builder"
    return replaced(replaced(traits, type, "<type>"), pair, "<pair>")
}

# Traits that stable compilers do not let users name, and that come and go with versions of the compiler.
/^impl.* !?core::marker::(Freeze|StructuralPartialEq|UnsafeUnpin) for / { next }

/^impl/ {
    type = $0
    # A trait is implemented for the type after the last ` for `.
    is_trait = match(type, /.* for /)
    if (is_trait) type = substr(type, RLENGTH + 1)
    sub(/^&(mut )?/, "", type)
    is_common = is_trait && type ~ /^intercom_client::(types|builder)::[A-Za-z0-9_:]+$/ &&
        /^impl(<[^>]*>)? !?(core::(marker|panic|convert|clone|cmp|default|fmt|hash|ops)::|serde_core::|core::future::into_future::IntoFuture|intercom_client::IntoArgument<)/
    if (is_common) {
        if (!(type in traits)) types[++count] = type
        traits[type] = traits[type] $0 "\n"
        next
    }
}
# The items of these traits follow them.
is_common && /^pub (fn|type|const) / { next }
/^pub (struct|enum|union|trait|mod|macro|use|static) / { is_common = 0 }
{ print }

END {
    for (at = 1; at <= count; at++) {
        type = types[at]
        key = placeholders(traits[type], type)
        if (key in example) {
            print "impl <traits of " example[key] "> for " type
        } else {
            example[key] = type
            printf "%s", traits[type]
        }
    }
}
