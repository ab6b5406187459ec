namespace Tidegate.Membership.Simulator;

/// <summary>Something that happens to a member, or, where there is none, to the world.</summary>
/// <param name="Member">To whom; null for an action alone.</param>
/// <param name="From">The sender of a packet; -1 where there is no packet.</param>
/// <param name="Messages">What the packet holds, encoded.</param>
/// <param name="Action">What else happens; null for a packet or a wake-up.</param>
internal readonly record struct SimulationEvent(SimulatedMember? Member, int From, byte[][]? Messages, Action? Action);
