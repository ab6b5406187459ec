using System.Net;
using Tidegate.Membership.Hosting;

namespace Tidegate.Membership.Tests.Hosting;

public sealed class ElsewhereTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Own_addresses_are_known_for_ever()
    {
        Elsewhere elsewhere = new([At(1), At(2)], _time);
        _time.Advance(seconds: 10_000);
        Assert.True(elsewhere.IsKnown(MemberAddress.From(At(1)), _ => false));
        Assert.True(elsewhere.IsKnown(MemberAddress.From(At(2)), _ => false));
        Assert.False(elsewhere.IsKnown(MemberAddress.From(At(3)), _ => true));
    }

    [Fact]
    public void A_members_other_address_is_known_for_a_minute_and_while_the_member_is_alive()
    {
        Elsewhere elsewhere = new([], _time);
        MemberAddress address = MemberAddress.From(At(3));
        elsewhere.Note(address, "one");
        Assert.True(elsewhere.IsKnown(address, name => name == "one"));
        Assert.False(elsewhere.IsKnown(address, name => name != "one"));

        _time.Advance(seconds: 59);
        Assert.True(elsewhere.IsKnown(address, _ => true));
        _time.Advance(seconds: 1);
        Assert.False(elsewhere.IsKnown(address, _ => true));
    }

    [Fact]
    public void What_is_remembered_is_bounded()
    {
        Elsewhere elsewhere = new([], _time);
        for (int i = 0; i < 3 * Elsewhere.Maximum; i++)
        {
            elsewhere.Note(MemberAddress.From(At(i)), "one");
            Assert.InRange(elsewhere.Count, 1, Elsewhere.Maximum);
        }
    }

    private static IPEndPoint At(int number) => new(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 7946);
}
