namespace Tidegate.Membership;

/// <summary>What happened to a member.</summary>
public enum MemberEventKind
{
    /// <summary>It is there, for the first time or again.</summary>
    Up,

    /// <summary>Its tags, address or record are others, or it is suspected, or not any more.</summary>
    Updated,

    /// <summary>It has said that it will leave.</summary>
    Leaving,

    /// <summary>It left by its own word.</summary>
    Left,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It has been gone for so long that it is forgotten.</summary>
    Forgotten,
}

/// <summary>One change. Changes are told one after another, each after the view contains it.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Member">The member as it is now; as it last was where it is forgotten.</param>
public sealed record MemberEvent(MemberEventKind Kind, MemberInfo Member);
