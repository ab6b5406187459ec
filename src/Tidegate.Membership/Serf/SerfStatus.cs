namespace Tidegate.Membership.Serf;

/// <summary>How Serf's layer sees a member (annex A6). The numbers are those of conflict answers (annex A7).</summary>
internal enum SerfStatus : byte
{
    None = 0,
    Alive = 1,

    /// <summary>It has said that it leaves, and is still there.</summary>
    Leaving = 2,

    /// <summary>It has left, or someone has declared it gone for good.</summary>
    Left = 3,

    /// <summary>It went without having said that it leaves.</summary>
    Failed = 4,
}
