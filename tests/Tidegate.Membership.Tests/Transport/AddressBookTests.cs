using System.Net;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Transport;

public sealed class AddressBookTests
{
    [Fact]
    public void Remembered_addresses_are_bounded()
    {
        AddressBook book = new(new IPEndPoint(IPAddress.Loopback, 1));
        for (int i = 0; i < 3 * AddressBook.Maximum; i++)
        {
            IPEndPoint endPoint = new(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]), 7946);
            Assert.Equal(MemberAddress.From(endPoint), book.FromSocketAddress(endPoint.Serialize()));
            Assert.Equal(endPoint.Serialize(), book.ToSocketAddress(MemberAddress.From(endPoint)));
            Assert.InRange(book.Remembered, 1, 2 * AddressBook.Maximum);
        }
    }

    [Fact]
    public void A_link_local_address_gets_the_scope_that_is_listened_on()
    {
        AddressBook book = new(new IPEndPoint(IPAddress.Parse("fe80::1%5"), 1));
        IPEndPoint? there = book.ToEndPoint(MemberAddress.From(new IPEndPoint(IPAddress.Parse("fe80::2%9"), 7946)));
        Assert.Equal(new IPEndPoint(IPAddress.Parse("fe80::2%5"), 7946), there);
    }
}
