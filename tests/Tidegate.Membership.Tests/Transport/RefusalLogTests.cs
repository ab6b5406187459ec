using System.Net;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Transport;

public sealed class RefusalLogTests
{
    private static readonly MemberAddress Stranger = MemberAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.9"), 7946));

    private readonly ManualTime _time = new();
    private readonly LogLines _lines = new();
    private readonly RefusalLog<PacketRefusal> _log;

    public RefusalLogTests() => _log = new RefusalLog<PacketRefusal>(_lines, _time, "a packet", PacketRefusals.Describe);

    [Fact]
    public void Every_refusal_is_counted_and_each_reason_logged_once_a_second()
    {
        for (int i = 0; i < 1_000; i++)
        {
            _log.Note(PacketRefusal.NoKeyOpens, Stranger);
        }

        _log.Note(PacketRefusal.Empty, Stranger);
        Assert.Equal(1_000, _log.Count(PacketRefusal.NoKeyOpens));
        Assert.Equal(1_001, _log.Total);
        Assert.Equal(2, _lines.All.Length);
        Assert.StartsWith("Warning: Refused a packet from 10.0.0.9:7946 because none of the keys opens it", _lines.All[0], StringComparison.Ordinal);

        _time.Advance(0.99);
        _log.Note(PacketRefusal.NoKeyOpens, Stranger);
        Assert.Equal(2, _lines.All.Length);

        _time.Advance(0.01);
        _log.Note(PacketRefusal.NoKeyOpens, Stranger);
        Assert.EndsWith("1000 more since this was last said.", _lines.All[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_detail_follows_the_reason()
    {
        _log.Note(PacketRefusal.Unreadable, Stranger, "an alive message");
        Assert.EndsWith("because it cannot be read: an alive message.", _lines.All[0], StringComparison.Ordinal);
    }
}
