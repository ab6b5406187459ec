using System.Net;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What one gateway believes another of a client's address.</summary>
public sealed class ClientProofTests
{
    private const string Member = "192.0.2.2:5942", Host = "node2.example.com:8000", Target = "/echo?a=b";
    private readonly WallClock _time = new();
    private readonly string _key = ClusterKeys.Generate();

    [Theory]
    [InlineData("192.0.2.7:51234", "192.0.2.7:51234")]
    [InlineData("[2001:db8::7]:1", "[2001:db8::7]:1")]
    [InlineData("[::ffff:192.0.2.7]:65535", "192.0.2.7:65535")]
    [InlineData("[fe80::1%1]:5", "[fe80::1]:5")]
    public void A_gateway_with_the_same_key_believes_the_address(string client, string believed)
    {
        (ClientProof sender, ClientProof receiver) = (Proof(_key), Proof(_key));

        string header = sender.Make(Member, Host, Target, IPEndPoint.Parse(client))!;

        Assert.True(receiver.TryBelieve(header, Host, Target, out IPEndPoint? end, out _));
        Assert.Equal(IPEndPoint.Parse(believed), end);
        Assert.DoesNotContain(_key, header, StringComparison.Ordinal);
    }

    [Fact]
    public void While_keys_change_each_of_the_receivers_keys_is_believed_and_no_other()
    {
        string next = ClusterKeys.Generate();

        Assert.Null(FaultOf(Make(Proof(_key)), Proof(next, _key)));
        Assert.Null(FaultOf(Make(Proof(next, _key)), Proof(_key, next)));
        Assert.Equal("it is not from a gateway of this cluster, or for another request", FaultOf(Make(Proof(_key)), Proof(next)));
    }

    [Fact]
    public void Where_there_is_no_key_nothing_is_made_and_nothing_believed()
    {
        Assert.Null(Proof().Make(Member, Host, Target, IPEndPoint.Parse("192.0.2.7:1")));
        Assert.Equal("this gateway has no key of a cluster", FaultOf(Make(Proof(_key)), Proof()));
        Assert.Equal("this gateway has no key of a cluster", FaultOf(Make(Proof(_key)), ProofFor("c", null, _key)));
    }

    [Fact]
    public void It_is_for_one_request_to_one_member_of_one_cluster()
    {
        const string Foreign = "it is not from a gateway of this cluster, or for another request";
        ClientProof sender = Proof(_key), receiver = Proof(_key);

        Assert.Equal(Foreign, FaultOf(Make(sender), ProofFor("c", "192.0.2.3:5942", _key)));
        Assert.Equal(Foreign, FaultOf(Make(sender), ProofFor("other", Member, _key)));
        Assert.Equal(Foreign, FaultOf(Make(sender), receiver, host: "other.example.com:8000"));
        Assert.Equal(Foreign, FaultOf(Make(sender), receiver, target: "/echo?a=c"));
        Assert.Null(FaultOf(Make(sender), receiver));
    }

    [Fact]
    public void What_has_been_altered_anywhere_is_not_believed()
    {
        ClientProof receiver = Proof(_key);
        string header = Make(Proof(_key));
        for (int i = 0; i < header.Length; i++)
        {
            // The last letters of base64url may hold bits that say nothing; the decoder refuses those where they are not zero.
            foreach (char other in "A0;:.x")
            {
                if (header[i] != other)
                {
                    Assert.NotNull(FaultOf($"{header[..i]}{other}{header[(i + 1)..]}", receiver));
                }
            }
        }

        Assert.Null(FaultOf(header, receiver));
    }

    [Theory]
    [InlineData("")]
    [InlineData(";;;;")]
    [InlineData("1;192.0.2.7:1;5;;")]
    [InlineData("1;192.0.2.7:1;-5;AAAAAAAAAAAAAAAAAAAAAA;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("2;192.0.2.7:1;5;AAAAAAAAAAAAAAAAAAAAAA;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1;here;5;AAAAAAAAAAAAAAAAAAAAAA;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1;192.0.2.7:1;5;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA;A")]
    public void What_is_malformed_is_called_so(string header) => Assert.Equal("it is malformed", FaultOf(header, Proof(_key)));

    [Fact]
    public void A_long_one_is_not_even_looked_at() => Assert.Equal("it is malformed", FaultOf(new string(';', 30_000), Proof(_key)));

    [Theory]
    [InlineData(29, null)]
    [InlineData(-29, null)]
    [InlineData(31, "it is 31 s off: the clocks of the members differ, or it is an old one")]
    [InlineData(-31, "it is 31 s off: the clocks of the members differ, or it is an old one")]
    public void It_holds_for_half_a_minute_before_and_after(int seconds, string? fault)
    {
        ClientProof receiver = Proof(_key);
        string header = Make(Proof(_key));
        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(fault, FaultOf(header, receiver));
    }

    [Fact]
    public void It_is_believed_once_for_as_long_as_it_holds()
    {
        ClientProof receiver = Proof(_key);
        string header = Make(Proof(_key));
        Assert.Null(FaultOf(header, receiver));
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal("it has been here before", FaultOf(header, receiver));
            Assert.Null(FaultOf(Make(Proof(_key)), receiver));
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        // A clock that is ahead keeps one good for a minute in all.
        _time.Advance(TimeSpan.FromSeconds(29));
        string ahead = Make(Proof(_key));
        _time.Advance(TimeSpan.FromSeconds(-29));
        Assert.Null(FaultOf(ahead, receiver));
        for (int i = 0; i < 57; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("it has been here before", FaultOf(ahead, receiver));
        }
    }

    [Fact]
    public void Beyond_what_can_be_remembered_none_is_believed_until_the_next_turn()
    {
        ClientProof sender = Proof(_key), receiver = Proof(_key);
        for (int i = 0; i < ClientProof.MaximumNonces; i++)
        {
            Assert.Null(FaultOf(Make(sender), receiver));
        }

        Assert.Equal("there are too many at once to tell them from repeated ones", FaultOf(Make(sender), receiver));
        _time.Advance(ClientProof.Window * 2);
        Assert.Null(FaultOf(Make(sender), receiver));
    }

    private static string Make(ClientProof sender) => sender.Make(Member, Host, Target, IPEndPoint.Parse("192.0.2.7:51234"))!;

    private static string? FaultOf(string header, ClientProof receiver, string host = Host, string target = Target)
    {
        bool isBelieved = receiver.TryBelieve(header, host, target, out IPEndPoint? client, out string? fault);
        Assert.Equal(isBelieved, client is not null && fault is null);
        return fault;
    }

    private ClientProof Proof(params string[] keys) => ProofFor("c", Member, keys);

    private ClientProof ProofFor(string cluster, string? self, params string[] keys)
    {
        var secrets = new ClusterSecrets();
        secrets.Set(cluster, keys);
        return new ClientProof(secrets, _time) { Self = self };
    }

    /// <summary>A clock that is set by hand; intervals are measured by it too.</summary>
    private sealed class WallClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 3, 1, 9, 30, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.UtcTicks;

        public override DateTimeOffset GetUtcNow() => _now;

        internal void Advance(TimeSpan time) => _now += time;
    }
}
