using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Security;
using Tidegate.Membership.Tests.Security;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Discovery;

/// <summary>Finding others over real sockets on loopback. Joining itself is commanded by the test.</summary>
public sealed class DiscovererTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Members_of_one_machine_share_a_group_and_find_each_other()
    {
        MulticastPlace place = await FreeAsync(IPAddress.Parse("239.255.77.1"));
        await AssertFindEachOtherAsync([.. Enumerable.Range(0, 3).Select(_ => BeaconSocket.OpenGroup(place, NullLogger.Instance))]);
    }

    [Theory]
    [InlineData("ff12::77:1")]
    [InlineData("ff15::77:1")]
    public async Task They_do_so_over_IPv6_in_a_group_of_the_link_or_of_the_site(string group)
    {
        // All ports of a network of one's own are free.
        MulticastPlace place = new(new IPEndPoint(IPAddress.Parse(group), 7947), PrivateNetwork.InterfaceIndex);
        await AssertFindEachOtherAsync(await PrivateNetwork.OpenAsync(
            () => Enumerable.Range(0, 3).Select(_ => BeaconSocket.OpenGroup(place, NullLogger.Instance)).ToArray()));
    }

    [Fact]
    public async Task Beacons_of_another_key_are_counted_and_not_followed()
    {
        MulticastPlace place = await FreeAsync(IPAddress.Parse("239.255.77.2"));
        Member one = new("blue", 1);
        Member two = new("blue", 2);
        await using Discoverer first = Start(one, BeaconSocket.OpenGroup(place, NullLogger.Instance), new Keyring(KeyringTests.Key(1)));
        await using Discoverer second = Start(two, BeaconSocket.OpenGroup(place, NullLogger.Instance), null);
        await UntilAsync(() => first.Refusals.Count(BeaconRefusal.NotSealed) > 0 && second.Refusals.Count(BeaconRefusal.SealedWithoutKey) > 0);
        Assert.Empty(one.Joined);
        Assert.Empty(two.Joined);
    }

    [Fact]
    public async Task A_name_is_called_at_each_of_its_addresses_and_a_beacon_that_is_replayed_does_nothing_more()
    {
        await using BeaconSocket one = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Parse("127.0.0.91"), 0), NullLogger.Instance);
        int port = one.LocalEndPoint.Port;
        await using BeaconSocket two = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Parse("127.0.0.92"), port), NullLogger.Instance);
        Channel<byte[]> atOne = Packets(one);
        Channel<byte[]> atTwo = Packets(two);
        BeaconSocket own = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Parse("127.0.0.93"), 0), NullLogger.Instance);
        IPEndPoint ownEndPoint = own.LocalEndPoint;
        Member member = new("blue", 1) { JoinResult = false };
        Names names = new() { ["members.example"] = ["127.0.0.91", "127.0.0.92"] };
        await using Discoverer discoverer = new(
            member, [DiscoveryTarget.Parse($"udp://members.example:{port}")], [own], null, names, NullLogger.Instance, TimeProvider.System, new Random(1));

        Assert.Equal(BeaconRefusal.None, Beacon.Decode(await atOne.Reader.ReadAsync().AsTask().WaitAsync(Patience), null, out Beacon heard));
        Assert.Equal(member.Own, heard);
        await atTwo.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        // Somebody replays a beacon of a member that is gone.
        byte[] replayed = (member.Own with { Name = "gone", Address = Member.AddressOf(9) }).Encode(null);
        for (int i = 0; i < 50; i++)
        {
            Assert.True(one.TrySend(replayed, ownEndPoint));
        }

        Assert.Equal(Member.AddressOf(9), await member.JoinedAsync());
        await UntilAsync(() => discoverer.Refusals.Count(BeaconRefusal.TooSoon) > 0);
    }

    [Fact]
    public async Task A_member_of_several_addresses_hears_at_each_and_calls_each_address_from_one_that_can()
    {
        await using BeaconSocket four = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Parse("127.0.0.94"), 0), NullLogger.Instance);
        Channel<byte[]> atFour = Packets(four);
        BeaconSocket[] own = [.. ((string[])["::1", "127.0.0.95"]).Select(address => BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Parse(address), 0), NullLogger.Instance))];
        IPEndPoint[] at = [.. own.Select(socket => socket.LocalEndPoint)];
        Member member = new("blue", 1);
        Names names = new() { ["members.example"] = ["127.0.0.94"] };
        await using Discoverer discoverer = new(
            member, [DiscoveryTarget.Parse($"udp://members.example:{four.LocalEndPoint.Port}")], own, null, names, NullLogger.Instance, TimeProvider.System, new Random(1));

        // Called from the second socket, since the first speaks IPv6.
        await atFour.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        await using BeaconSocket six = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.IPv6Loopback, 0), NullLogger.Instance);
        Assert.True(six.TrySend((member.Own with { Name = "six", Address = Member.AddressOf(6) }).Encode(null), at[0]));
        Assert.Equal(Member.AddressOf(6), await member.JoinedAsync());
        Assert.True(four.TrySend((member.Own with { Name = "four", Address = Member.AddressOf(4) }).Encode(null), at[1]));
        Assert.Equal(Member.AddressOf(4), await member.JoinedAsync());
    }

    [Fact]
    public async Task A_seed_is_resolved_again_until_one_of_its_addresses_is_joined()
    {
        Member member = new("blue", 1) { JoinResult = false };
        Names names = new();
        await using Discoverer discoverer = new(
            member, [DiscoveryTarget.Parse("tcp://seed.example:7946")], [], null, names, NullLogger.Instance, TimeProvider.System, new Random(1));
        await UntilAsync(() => names.Asked >= 2);
        Assert.Empty(member.Joined);

        names["seed.example"] = ["10.0.0.1", "10.0.0.7", "10.0.0.8"];
        await UntilAsync(() => member.Joined.Count >= 4);
        Assert.Equal([Member.AddressOf(7), Member.AddressOf(8)], member.Joined.Distinct().OrderBy(address => address.ToString()));
    }

    [Fact]
    public async Task The_system_resolves_addresses_and_names_and_says_nothing_of_others()
    {
        SystemNameResolver resolver = new();
        Assert.Equal([IPAddress.Parse("10.1.2.3")], await resolver.ResolveAsync("10.1.2.3", default));
        Assert.Equal([IPAddress.Parse("fe80::1%1")], await resolver.ResolveAsync("fe80::1%1", default));
        Assert.Contains(await resolver.ResolveAsync("localhost", default), IPAddress.IsLoopback);
        Assert.Empty(await resolver.ResolveAsync(new string('x', 300), default));
    }

    [Fact]
    public void A_group_that_is_no_group_is_refused()
    {
        MemberListenException exception = Assert.Throws<MemberListenException>(
            () => BeaconSocket.OpenGroup(new MulticastPlace(new IPEndPoint(IPAddress.Parse("127.0.0.1"), 0)), NullLogger.Instance));
        Assert.Contains("must be a multicast address", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_could_not_be_called_is_refused_at_the_start()
    {
        Member member = new("blue", 1);
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new Discoverer(
            member, [DiscoveryTarget.Parse("udp://members.example:1")], [], null, new Names(), NullLogger.Instance, TimeProvider.System, new Random(1)));
        Assert.Contains("needs a socket", exception.Message, StringComparison.Ordinal);
        await using BeaconSocket socket = BeaconSocket.OpenAddress(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        Member wordy = new(new string('x', 2_000), 1);
        Assert.Throws<InvalidOperationException>(() => Start(wordy, socket, null));
    }

    [Fact]
    public void An_interface_is_found_by_name_and_address_and_one_that_is_not_there_is_refused_with_those_that_are()
    {
        NetworkInterface loopback = NetworkInterface.GetAllNetworkInterfaces().First(network => network.NetworkInterfaceType == NetworkInterfaceType.Loopback);
        int index = loopback.GetIPProperties().GetIPv4Properties().Index;
        Assert.Equal(index, MulticastPlace.IndexOf(loopback.Name, AddressFamily.InterNetwork));
        Assert.Equal(index, MulticastPlace.IndexOf("127.0.0.1", AddressFamily.InterNetwork));
        ArgumentException exception = Assert.Throws<ArgumentException>(() => MulticastPlace.IndexOf("192.0.2.1", AddressFamily.InterNetwork));
        Assert.Contains("There is no interface \"192.0.2.1\"", exception.Message, StringComparison.Ordinal);
        Assert.Contains(loopback.Name, exception.Message, StringComparison.Ordinal);
    }

    private static async Task AssertFindEachOtherAsync(BeaconSocket[] sockets)
    {
        Member one = new("blue", 1);
        Member two = new("blue", 2);
        Member other = new("red", 3);
        Keyring keys = new(KeyringTests.Key(1));
        await using Discoverer first = Start(one, sockets[0], keys);
        await using Discoverer second = Start(two, sockets[1], keys);
        await using Discoverer third = Start(other, sockets[2], keys);

        Assert.Equal(two.Own.Address, await one.JoinedAsync());
        Assert.Equal(one.Own.Address, await two.JoinedAsync());
        await UntilAsync(() => first.Refusals.Count(BeaconRefusal.OtherCluster) > 0 && third.Refusals.Count(BeaconRefusal.OtherCluster) > 1);
        await UntilAsync(() => first.Refusals.Count(BeaconRefusal.Own) > 0 && first.Refusals.Count(BeaconRefusal.Known) > 0);
        Assert.Empty(other.Joined);
        Assert.Equal([two.Own.Address], one.Joined.Distinct());
    }

    private static Discoverer Start(Member member, BeaconSocket socket, Keyring? keyring) => new(
        member, [], [socket], keyring, new Names(), NullLogger.Instance, TimeProvider.System, new Random(1));

    // Loopback, so that nothing leaves this machine; a port that was free a moment ago.
    private static async Task<MulticastPlace> FreeAsync(IPAddress group)
    {
        await using MemberTransport transport = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        int loopback = MulticastPlace.IndexOf("127.0.0.1", AddressFamily.InterNetwork);
        return new MulticastPlace(new IPEndPoint(group, transport.LocalEndPoint.Port), loopback, TimeToLive: 0);
    }

    private static Channel<byte[]> Packets(BeaconSocket socket)
    {
        Channel<byte[]> packets = Channel.CreateUnbounded<byte[]>();
        socket.Start((packet, _) => packets.Writer.TryWrite(packet.ToArray()));
        return packets;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource deadline = new(Patience);
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    private sealed class Names : ConcurrentDictionary<string, string[]>, INameResolver
    {
        private int _asked;

        internal int Asked => Volatile.Read(ref _asked);

        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            IReadOnlyList<IPAddress> addresses = TryGetValue(host, out string[]? texts) ? [.. texts.Select(IPAddress.Parse)] : [];
            return Task.FromResult(addresses);
        }
    }

    /// <summary>A member that knows itself and whom it has joined.</summary>
    private sealed class Member(string cluster, byte number) : IDiscoveryHandler
    {
        private readonly Channel<MemberAddress> _calls = Channel.CreateUnbounded<MemberAddress>();

        internal ConcurrentQueue<MemberAddress> Joined { get; } = [];

        internal bool JoinResult { get; init; } = true;

        public int Members => 2;

        public Beacon Own { get; } = new(cluster, $"member-{number}", AddressOf(number), 1);

        public bool IsKnown(MemberAddress address) => address == Own.Address || (JoinResult && Joined.Contains(address));

        public Task<bool> JoinAsync(MemberAddress address, CancellationToken cancellationToken)
        {
            Joined.Enqueue(address);
            _calls.Writer.TryWrite(address);
            return Task.FromResult(JoinResult);
        }

        internal static MemberAddress AddressOf(byte number) => MemberAddress.From(new IPEndPoint(new IPAddress([10, 0, 0, number]), 7946));

        internal async Task<MemberAddress> JoinedAsync() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(Patience);
    }
}
