using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>One member named "me", a clock that the test moves, and others that the test speaks for.</summary>
internal sealed class Script
{
    // Nobody is to be introduced to a script: what it receives it believes, unless a test changes the additions.
    internal Script(Additions without = Additions.None, Func<ProtocolOptions, ProtocolOptions>? change = null, params MemberAddress[] seeds)
    {
        ProtocolOptions options = new()
        {
            Name = "me",
            Address = At(1),
            Meta = ScriptedHost.Gateway,
            InitialIncarnation = 1_000,
            Additions = Additions.All & ~without & ~Additions.Introduction,
        };
        Options = change?.Invoke(options) ?? options;
        Core = new ProtocolCore(Options, Host, new Random(1));
        Core.Start(0, seeds);
    }

    internal ProtocolOptions Options { get; }

    internal ScriptedHost Host { get; } = new();

    internal ProtocolCore Core { get; }

    internal long Now { get; private set; }

    /// <summary>Members that answer every ping at once, directly and for helpers.</summary>
    internal HashSet<MemberAddress> Answering { get; } = [];

    /// <summary>Members that nack every indirect ping at once.</summary>
    internal HashSet<MemberAddress> Nacking { get; } = [];

    /// <summary>Members whose hosts refuse stream pings.</summary>
    internal HashSet<MemberAddress> Refusing { get; } = [];

    private int _handled;
    private int _streamsHandled;

    internal static MemberAddress At(byte number) => MemberAddress.From(RawBytes.CopyOf([10, 0, 0, number]), 7946);

    internal static AliveMessage Alive(string name, byte number, uint incarnation = 1, bool gateway = true) =>
        new(incarnation, name, At(number).Raw, At(number).Port, gateway ? ScriptedHost.Gateway : RawBytes.CopyOf([0xff, 2]), ProtocolOptions.SerfVersions);

    internal static StateEntry Entry(string name, byte number, MemberStatus status = MemberStatus.Alive, uint incarnation = 1, RawBytes? versions = null) =>
        new(name, At(number), ScriptedHost.Gateway, incarnation, status, versions ?? ProtocolOptions.SerfVersions);

    internal static ClusterState State(bool join, params StateEntry[] entries) => new(join, entries, default);

    internal void Receive<T>(T message, byte from = 99)
        where T : struct, IMessage<T> => Core.OnMessage(Now, At(from), Written(message));

    /// <summary>Makes members known, named a, b, c… at 2, 3, 4….</summary>
    internal Script With(int members, bool answering = true, bool gateways = true)
    {
        for (int i = 0; i < members; i++)
        {
            Receive(Alive(NameOf(i), (byte)(i + 2), gateway: gateways));
            if (answering)
            {
                Answering.Add(At((byte)(i + 2)));
            }
        }

        return this;
    }

    internal static string NameOf(int index) => ((char)('a' + index)).ToString();

    internal MemberRecord this[string name] => Core.Members.Find(name)!;

    /// <summary>Goes forward a millisecond at a time, so that no wake-up is late.</summary>
    internal void Run(int milliseconds)
    {
        for (long end = Now + milliseconds; Now < end;)
        {
            Now++;
            Answer();
            Core.Advance(Now);
        }

        Answer();
    }

    /// <summary>Jumps there in one step, as a process that did not run does.</summary>
    internal void Stall(int milliseconds)
    {
        Now += milliseconds;
        Core.Advance(Now);
    }

    private void Answer()
    {
        for (; _handled < Host.Packets.Count; _handled++)
        {
            (MemberAddress to, byte[][] messages, _) = Host.Packets[_handled];
            foreach (byte[] message in messages)
            {
                Answer(to, message);
            }
        }

        for (; _streamsHandled < Host.StreamPings.Count; _streamsHandled++)
        {
            (uint seqNo, MemberAddress to, _) = Host.StreamPings[_streamsHandled];
            if (Answering.Contains(to))
            {
                Core.OnStreamPing(Now, seqNo, StreamPingResult.Answered);
            }
            else if (Refusing.Contains(to))
            {
                Core.OnStreamPing(Now, seqNo, StreamPingResult.Refused);
            }
        }
    }

    private void Answer(MemberAddress to, byte[] message)
    {
        ReadOnlySpan<byte> body = message.AsSpan(1);
        if (message[0] == (byte)MessageType.Ping && Answering.Contains(to) && Read(body, out PingMessage ping) == ReadFailure.None)
        {
            Core.OnMessage(Now, to, Written(new AckMessage(ping.SeqNo, RawBytes.Nil)));
        }
        else if (message[0] == (byte)MessageType.IndirectPing && Read(body, out IndirectPingMessage indirect) == ReadFailure.None)
        {
            if (Answering.Contains(to) && Answering.Contains(MemberAddress.From(indirect.Target, indirect.Port)))
            {
                Core.OnMessage(Now, to, Written(new AckMessage(indirect.SeqNo, RawBytes.Nil)));
            }
            else if (Nacking.Contains(to))
            {
                Core.OnMessage(Now, to, Written(new NackMessage(indirect.SeqNo)));
            }
        }
    }

    /// <summary>All messages of that type that were sent since the beginning.</summary>
    internal IEnumerable<(MemberAddress To, T Message)> Sent<T>()
        where T : struct, IMessage<T>
    {
        foreach ((MemberAddress to, byte[][] messages, _) in Host.Packets)
        {
            foreach (byte[] message in messages)
            {
                if (message[0] == (byte)T.Type)
                {
                    Assert.Equal(ReadFailure.None, Read(message.AsSpan(1), out T read));
                    yield return (to, read);
                }
            }
        }
    }

    /// <summary>Runs until something is so, at most a virtual minute.</summary>
    internal void Until(Func<bool> so)
    {
        for (int i = 0; i < 60_000 && !so(); i++)
        {
            Run(1);
        }

        Assert.True(so(), "not so after a minute");
    }

    internal bool IsDown(string name) => Host.Changes.Contains((name, MemberChange.Down));
}
