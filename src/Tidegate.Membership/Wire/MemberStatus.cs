namespace Tidegate.Membership.Wire;

/// <summary>What a member is taken for. The numbers are those of push/pull (specification, section 1).</summary>
internal enum MemberStatus : byte
{
    Alive = 0,

    /// <summary>It did not answer somebody, and has time to say that this is wrong.</summary>
    Suspect = 1,

    /// <summary>It failed.</summary>
    Dead = 2,

    /// <summary>It said itself that it goes.</summary>
    Left = 3,
}
