using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Transport;

/// <summary>One member that listens at several addresses.</summary>
public sealed class SeveralAddressTests
{
    private static readonly IPEndPoint[] Three =
        [new(IPAddress.Loopback, 0), new(IPAddress.Parse("127.0.0.82"), 0), new(IPAddress.IPv6Loopback, 0)];

    [Theory]
    [InlineData(0, "127.0.0.83")]
    [InlineData(1, "127.0.0.83")]
    [InlineData(2, "::1")]
    public async Task An_answer_leaves_by_the_address_that_was_asked_and_other_packets_by_the_first_that_can(int asked, string asker)
    {
        await using MemberTransport several = MemberTransport.Open(Three, NullLogger.Instance);
        await using MemberTransport one = MemberTransport.Open(new IPEndPoint(IPAddress.Parse(asker), 0), NullLogger.Instance);
        IPEndPoint[] places = [.. several.LocalEndPoints];
        Received atOne = new();
        one.Start(atOne);
        several.Start(new Answering(several));

        Assert.True(one.TrySend("ask"u8, MemberAddress.From(places[asked])));
        (byte[] packet, MemberAddress from) = await atOne.PacketAsync();
        Assert.Equal("answer"u8.ToArray(), packet);
        Assert.Equal(MemberAddress.From(places[asked]), from);

        Assert.True(several.TrySend("news"u8, MemberAddress.From(one.LocalEndPoint)));
        (packet, from) = await atOne.PacketAsync();
        Assert.Equal("news"u8.ToArray(), packet);
        Assert.Equal(MemberAddress.From(places[asker == "::1" ? 2 : 0]), from);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Streams_are_accepted_at_each_address_and_opened_from_one_of_the_right_family(int place)
    {
        await using MemberTransport several = MemberTransport.Open(Three, NullLogger.Instance);
        IPEndPoint at = several.LocalEndPoints.ElementAt(place);
        TaskCompletionSource<MemberAddress> dialled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        several.Start(new Received((_, from, _) =>
        {
            dialled.TrySetResult(from);
            return Task.CompletedTask;
        }));

        Dialled outcome = await several.DialAsync(MemberAddress.From(at), default);
        Assert.Equal(DialResult.Connected, outcome.Result);
        await using MemberStream stream = outcome.Stream!;
        MemberAddress source = await dialled.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((at.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback).GetAddressBytes(), source.Bytes.ToArray());
    }

    [Fact]
    public async Task One_address_that_is_in_use_has_none_of_them_bound()
    {
        await using MemberTransport other = MemberTransport.Open(new IPEndPoint(IPAddress.Parse("127.0.0.84"), 0), NullLogger.Instance);
        IPEndPoint first;
        await using (MemberTransport free = MemberTransport.Open(new IPEndPoint(IPAddress.Parse("127.0.0.85"), 0), NullLogger.Instance))
        {
            first = free.LocalEndPoint;
        }

        MemberListenException exception = Assert.Throws<MemberListenException>(() => MemberTransport.Open([first, other.LocalEndPoint], NullLogger.Instance));
        Assert.StartsWith($"TCP port {other.LocalEndPoint.Port} of 127.0.0.84 is in use", exception.Message, StringComparison.Ordinal);
        await using MemberTransport again = MemberTransport.Open(first, NullLogger.Instance);
        Assert.Equal(first, again.LocalEndPoint);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2", 0)]
    [InlineData("127.0.0.1", "10.0.0.2", 1)]
    [InlineData("10.0.0.1", "127.0.0.2", 1)]
    [InlineData("10.0.0.1", "fd00::1", 2)]
    [InlineData("fd00::1", "fd00::2", 0)]
    [InlineData("fe80::1%1", "fd00::2", 1)]
    [InlineData("fd00::2", "fe80::1", 1)]
    [InlineData("fe80::1%1", "fe80::2", 0)]
    public void What_stays_on_a_machine_or_link_is_told_from_what_does_not(string from, string to, int rank) =>
        Assert.Equal(rank, AddressBook.RankFor(IPAddress.Parse(from), IPAddress.Parse(to)));

    private sealed class Answering(MemberTransport transport) : ITransportHandler
    {
        public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from) => transport.TrySend("answer"u8, from);

        public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
