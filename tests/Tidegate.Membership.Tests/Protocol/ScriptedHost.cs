using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Notes what the protocol wants, and does nothing of it.</summary>
internal sealed class ScriptedHost : IProtocolHost
{
    internal static readonly RawBytes Gateway = RawBytes.CopyOf([0xff, 1]);

    internal List<(MemberAddress To, byte[][] Messages, bool Checksum)> Packets { get; } = [];

    internal List<(int Exchange, MemberAddress To, bool Join)> PushPulls { get; } = [];

    internal List<(uint SeqNo, MemberAddress To, int Timeout)> StreamPings { get; } = [];

    internal List<(string Name, MemberChange Change)> Changes { get; } = [];

    internal List<bool> Isolations { get; } = [];

    internal List<(string Name, MemberAddress Claimant)> Conflicts { get; } = [];

    internal List<string> Refusals { get; } = [];

    internal List<LeaveOutcome> Leaves { get; } = [];

    internal List<byte[]> UserMessages { get; } = [];

    internal List<byte[]> MergedUserStates { get; } = [];

    internal List<(string From, byte[] Payload)> Payloads { get; } = [];

    internal Func<string, string?> Refusing { get; set; } = static _ => null;

    public void SendPacket(in MemberAddress to, byte[][] messages, bool checksum) => Packets.Add((to, messages, checksum));

    public void StartPushPull(int exchange, in MemberAddress to, bool join) => PushPulls.Add((exchange, to, join));

    public void StartStreamPing(uint seqNo, in MemberAddress to, string node, int timeout) => StreamPings.Add((seqNo, to, timeout));

    public void OnMemberChanged(MemberRecord member, MemberChange change) => Changes.Add((member.Name, change));

    public void OnIsolationChanged(bool isolated) => Isolations.Add(isolated);

    public void OnNameConflict(MemberRecord holder, in MemberAddress claimant) => Conflicts.Add((holder.Name, claimant));

    public void OnPushPullRefused(string reason) => Refusals.Add(reason);

    public void OnLeaveAnnounced(LeaveOutcome outcome) => Leaves.Add(outcome);

    public string? Refuse(string name, in MemberAddress address, RawBytes meta) => Refusing(name);

    public bool IsGateway(RawBytes meta) => meta == Gateway;

    public RawBytes AckPayload() => RawBytes.CopyOf([0x54, 1, 2, 3, 4, 5, 6, 7, 8]);

    public void OnAckPayload(MemberRecord from, ReadOnlySpan<byte> payload) => Payloads.Add((from.Name, payload.ToArray()));

    public void OnUserMessage(in MemberAddress from, ReadOnlySpan<byte> message) => UserMessages.Add(message.ToArray());

    public ReadOnlyMemory<byte> UserState(bool join) => new byte[] { 42 };

    public void MergeUserState(ReadOnlyMemory<byte> state, bool join) => MergedUserStates.Add(state.ToArray());
}
