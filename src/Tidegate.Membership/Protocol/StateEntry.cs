using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>One member as a push/pull tells of it.</summary>
/// <param name="Name">The member's name.</param>
/// <param name="Address">Exactly as the member gave it (annex A1).</param>
/// <param name="Meta">At most 512 bytes that the layer above explains.</param>
/// <param name="Incarnation">The member's count of its own records.</param>
/// <param name="Status">What the sender takes it for.</param>
/// <param name="Versions">Six bytes, or none.</param>
internal sealed record StateEntry(string Name, MemberAddress Address, RawBytes Meta, uint Incarnation, MemberStatus Status, RawBytes Versions);

/// <summary>What one side of a push/pull sends.</summary>
/// <param name="Join">True where the dialling side joins; the answer repeats it.</param>
/// <param name="Entries">Every member the sender knows; Tidegate puts itself first.</param>
/// <param name="UserState">Bytes of the layer above.</param>
internal sealed record ClusterState(bool Join, IReadOnlyList<StateEntry> Entries, ReadOnlyMemory<byte> UserState);

/// <summary>The listener's answer to a push/pull: its state, or why there is none.</summary>
/// <param name="State">The state to send, merged before (specification, section 5), or null.</param>
/// <param name="Refusal">The text of the error message to send instead, or null.</param>
internal sealed record PushPullAnswer(ClusterState? State, string? Refusal);
