using System.Threading.Channels;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Transport;

/// <summary>Keeps the packets that arrive, and does with streams what a test says.</summary>
internal sealed class Received(Func<MemberStream, MemberAddress, CancellationToken, Task>? serve = null) : ITransportHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Channel<(byte[] Packet, MemberAddress From)> _packets = Channel.CreateUnbounded<(byte[], MemberAddress)>();

    public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from) => _packets.Writer.TryWrite((packet.ToArray(), from));

    public async Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            await (serve?.Invoke(stream, from, cancellationToken) ?? Task.CompletedTask);
        }
    }

    internal async Task<(byte[] Packet, MemberAddress From)> PacketAsync() => await _packets.Reader.ReadAsync().AsTask().WaitAsync(Patience);
}
