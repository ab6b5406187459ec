using System.Net;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests;

public sealed class MemberAddressTests
{
    private static readonly MemberAddress Short = MemberAddress.From(Raw("0a000001"), 7946);
    private static readonly MemberAddress Mapped = MemberAddress.From(Raw("00000000000000000000ffff0a000001"), 7946);

    [Fact]
    public void Addresses_are_equal_where_their_bytes_are()
    {
        Assert.Equal(Short, MemberAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 7946)));
        Assert.NotEqual(Short, Mapped);
        Assert.NotEqual(Short, MemberAddress.From(Raw("0a000001"), 7947));
        Assert.Equal(default, MemberAddress.From(default, 0));
    }

    [Fact]
    public void The_bytes_stay_as_they_came_and_both_forms_lead_to_one_place()
    {
        Assert.Equal(16, Mapped.Bytes.Length);
        Assert.Equal(Short.ToEndPoint(), Mapped.ToEndPoint());
        Assert.Equal("10.0.0.1:7946", Mapped.ToString());
        Assert.Equal("[fd00::1]:1", MemberAddress.From(new IPEndPoint(IPAddress.Parse("fd00::1"), 1)).ToString());
    }

    [Fact]
    public void What_has_neither_4_nor_16_bytes_leads_nowhere() =>
        Assert.Throws<InvalidOperationException>(() => default(MemberAddress).ToEndPoint());
}
