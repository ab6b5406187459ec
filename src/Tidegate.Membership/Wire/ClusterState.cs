namespace Tidegate.Membership.Wire;

/// <summary>What one side of a push/pull sends.</summary>
/// <param name="Join">True where the dialling side joins; the answer repeats it.</param>
/// <param name="Entries">Every member the sender knows; Tidegate puts itself first.</param>
/// <param name="UserState">Bytes of the layer above.</param>
internal sealed record ClusterState(bool Join, IReadOnlyList<StateEntry> Entries, ReadOnlyMemory<byte> UserState) : PeerMessage;

/// <summary>The listener's answer to a push/pull: its state, or why there is none.</summary>
/// <param name="State">The state to send, merged before (specification, section 5), or null.</param>
/// <param name="Refusal">The text of the error message to send instead, or null.</param>
internal sealed record PushPullAnswer(ClusterState? State, string? Refusal);
