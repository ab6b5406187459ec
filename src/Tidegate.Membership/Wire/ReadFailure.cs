namespace Tidegate.Membership.Wire;

/// <summary>Why bytes could not be read. Peers are not trusted, so this is an answer and never an exception.</summary>
internal enum ReadFailure : byte
{
    None,

    /// <summary>The bytes end before the value does. The only failure that more bytes could mend.</summary>
    Truncated,

    /// <summary>A value of another kind than the field's, or the code <c>c1</c>, which has no meaning.</summary>
    WrongType,

    /// <summary>The right kind of value, but not one that the field can hold.</summary>
    OutOfRange,

    /// <summary>A byte string or a container beyond the bound that the reader of the field has set.</summary>
    TooLong,

    /// <summary>More than <see cref="WireLimits.Depth"/> containers inside each other.</summary>
    TooDeep,

    /// <summary>Text that is not UTF-8.</summary>
    NotText,
}
