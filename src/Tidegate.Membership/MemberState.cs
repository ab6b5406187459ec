namespace Tidegate.Membership;

/// <summary>How a member is.</summary>
public enum MemberState
{
    /// <summary>It is there.</summary>
    Alive,

    /// <summary>It has said that it will leave, and is still there.</summary>
    Leaving,

    /// <summary>It left by its own word, or somebody has declared it gone for good.</summary>
    Left,

    /// <summary>It went without a word; it is looked for.</summary>
    Failed,
}
