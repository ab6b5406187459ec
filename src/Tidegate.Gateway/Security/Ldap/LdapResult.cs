using System.Collections.Immutable;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>What a directory says of an operation (RFC 4511, section 4.1.9 and appendix A). Others than these may come.</summary>
internal enum LdapResultCode
{
    Success = 0,
    TimeLimitExceeded = 3,
    SizeLimitExceeded = 4,
    Referral = 10,
    ConfidentialityRequired = 13,
    ConstraintViolation = 19,
    NoSuchObject = 32,
    InvalidDnSyntax = 34,
    InappropriateAuthentication = 48,
    InvalidCredentials = 49,
    Busy = 51,
    Unavailable = 52,
    UnwillingToPerform = 53,
}

/// <summary>How an operation ended.</summary>
/// <param name="Code">The result.</param>
/// <param name="Message">What the directory says to it; may be empty, and may hold anything.</param>
internal sealed record LdapResult(LdapResultCode Code, string Message)
{
    /// <summary>The number and the message, for a log.</summary>
    public override string ToString() => Message.Length == 0 ? $"{(int)Code} ({Code})" : $"{(int)Code} ({Code}, {Message})";
}

/// <summary>An entry that a search found.</summary>
/// <param name="Name">Its distinguished name.</param>
/// <param name="Attributes">Its attributes with their values, by names in any case. Values that are no UTF-8 are left out.</param>
internal sealed record LdapEntry(string Name, ImmutableDictionary<string, ImmutableArray<string>> Attributes)
{
    /// <summary>The values of an attribute; empty where it has none.</summary>
    internal ImmutableArray<string> Values(string attribute) => Attributes.GetValueOrDefault(attribute, []);
}

/// <summary>What is searched.</summary>
/// <param name="BaseName">The entry below which to look.</param>
/// <param name="Filter">What is looked for.</param>
/// <param name="Values">What is put into the places of the filter.</param>
/// <param name="Attributes">The attributes that are wanted.</param>
/// <param name="MaximumEntries">More is an error: <see cref="LdapResultCode.SizeLimitExceeded"/>.</param>
internal sealed record LdapSearch(
    string BaseName, LdapFilter Filter, IReadOnlyDictionary<string, string> Values, ImmutableArray<string> Attributes, int MaximumEntries);

/// <summary>A directory can not be spoken with: it is away, silent, or not to be trusted.</summary>
internal sealed class LdapException : Exception
{
    internal LdapException(string message)
        : base(message)
    {
    }

    internal LdapException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
