namespace Tidegate.Membership.Protocol;

/// <summary>How far this member trusts itself: 0 is healthy, 7 the least (Lifeguard; specification, section 2).</summary>
internal sealed class LocalHealth
{
    internal const int Worst = 7;

    internal int Score { get; private set; }

    internal void Add(int change) => Score = Math.Clamp(Score + change, 0, Worst);

    /// <summary>A probe interval as long as this member's health makes it.</summary>
    internal int Scale(int interval) => interval * (Score + 1);
}
