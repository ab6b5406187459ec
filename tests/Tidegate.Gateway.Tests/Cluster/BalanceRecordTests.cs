using System.Collections.Immutable;
using System.Net;
using System.Text;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

public sealed class BalanceRecordTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        BalanceTarget target = new()
        {
            Uri = GatewayUri.Parse("wss://[2001:db8::1]:9000/a%20b", UriUse.Connect),
            Balances = ["wss://balancer.example:443/a"],
            At = [IPEndPoint.Parse("192.0.2.1:9001"), IPEndPoint.Parse("[2001:db8::1]:9000")],
            IsEncrypted = true,
            Sessions = 7,
            Begun = 5_000_000_000,
            Weight = 3,
            Salt = "c2FsdA==",
            SaidAt = TimeSpan.FromMilliseconds(1_234_567),
        };

        ImmutableArray<BalanceTarget> read = BalanceRecord.TryRead(BalanceRecord.Write([target]))!.Value;

        BalanceTarget one = Assert.Single(read);
        Assert.True(one.IsSamePlaceAs(target));
        Assert.Equal(7, one.Sessions);
        Assert.Equal(5_000_000_000, one.Begun);
        Assert.Equal(3, one.Weight);
        Assert.Equal("c2FsdA==", one.Salt);
        Assert.Equal(TimeSpan.FromMilliseconds(1_234_567), one.SaidAt);
        Assert.Equal("wss://[2001:db8::1]:9000/a%20b", one.Uri.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"targets\":7}")]
    [InlineData("{\"targets\":[[[[[[[[[[[[]]]]]]]]]]]]}")]
    [InlineData("{\"targets\":[{\"sessions\":\"many\"}]}")]
    public void What_is_no_record_is_none(string text) => Assert.Null(BalanceRecord.TryRead(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"uri\":\"ws://h/\"}")]
    [InlineData("{\"uri\":\"pipe://p\",\"balance\":[]}")]
    [InlineData("{\"uri\":\"ws://h:0/\",\"balance\":[]}")]
    [InlineData("{\"uri\":\"ws://@eth0:1/\",\"balance\":[]}")]
    [InlineData("{\"uri\":\"ws://h/\\r\\nX: y\",\"balance\":[]}")]
    public void A_target_that_nobody_can_be_sent_to_is_left_out(string entry) =>
        Assert.Equal(
            "ws://good/",
            Assert.Single(BalanceRecord.TryRead(Encoding.UTF8.GetBytes(
                $"{{\"later\":1,\"targets\":[{entry},{{\"uri\":\"ws://good/\",\"balance\":[\"ws://b/\"],\"sessions\":-5,\"weight\":2}}]}}"))!.Value).Uri.ToString());

    [Fact]
    public void What_can_not_be_understood_in_a_target_is_left_out_of_it()
    {
        BalanceTarget target = Assert.Single(BalanceRecord.TryRead(Encoding.UTF8.GetBytes(
            "{\"targets\":[{\"uri\":\"ws://h/\",\"balance\":[\"ws://B/\",null,\"nonsense\",\"ws://b:80/\"],\"at\":[\"10.0.0.1:5\",null,\"10.0.0.1\",\"x:5\"],\"sessions\":-5}]}"))!.Value);

        Assert.Equal(["ws://b:80/"], target.Balances.AsEnumerable());
        Assert.Equal([IPEndPoint.Parse("10.0.0.1:5")], target.At.AsEnumerable());
        Assert.Equal(0, target.Sessions);
    }

    [Fact]
    public void A_member_of_an_earlier_version_has_a_weight_of_one_and_tells_no_more_than_it_did()
    {
        BalanceTarget target = Assert.Single(BalanceRecord.TryRead("{\"targets\":[{\"uri\":\"ws://h/\",\"balance\":[],\"sessions\":5}]}"u8)!.Value);

        Assert.Equal((5, 1, 0L, "", null), (target.Sessions, target.Weight, target.Begun, target.Salt, target.SaidAt));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-5, 1)]
    [InlineData(1000, 256)]
    public void A_weight_that_no_member_may_have_is_the_nearest_one(int told, int taken) => Assert.Equal(
        taken,
        Assert.Single(BalanceRecord.TryRead(Encoding.UTF8.GetBytes($"{{\"targets\":[{{\"uri\":\"ws://h/\",\"balance\":[],\"begun\":-1,\"weight\":{told}}}]}}"))!.Value).Weight);

    [Theory]
    [InlineData("-1")]
    [InlineData("9223372036854775807")]
    public void A_time_that_no_member_can_have_said_it_at_is_none(string said) => Assert.Null(
        Assert.Single(BalanceRecord.TryRead(Encoding.UTF8.GetBytes($"{{\"said\":{said},\"targets\":[{{\"uri\":\"ws://h/\",\"balance\":[]}}]}}"))!.Value).SaidAt);

    [Fact]
    public void A_long_address_for_thousands_of_balancers_is_left_out_and_what_stands_before_it_is_read()
    {
        string many = string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"ws://{i}x\""));
        byte[] record = Encoding.UTF8.GetBytes(
            $"{{\"targets\":[{{\"uri\":\"ws://good/\",\"balance\":[\"ws://b/\"]}},{{\"uri\":\"ws://h/{new string('a', 20_000)}\",\"balance\":[{many}]}}]}}");

        Assert.InRange(record.Length, 0, BalanceRecord.MaximumBytes);
        Assert.Equal("ws://good/", Assert.Single(BalanceRecord.TryRead(record)!.Value).Uri.ToString());
    }

    [Fact]
    public void What_a_record_may_hold_fits_into_a_line_for_operators()
    {
        // Each of these characters takes six in JSON.
        string path = string.Concat(Enumerable.Repeat("&'+", 40));
        BalanceTarget target = new()
        {
            Uri = GatewayUri.Parse($"ws://h/{path}", UriUse.Connect),
            Balances = [.. Enumerable.Range(0, 1000).Select(i => $"ws://b{i}:80/")],
        };
        Assert.InRange(BalanceRecord.ShownLength(target), 0, BalanceRecord.MaximumShownLength);

        var observed = new ObservedMember
        {
            Id = "/127.0.0.1:5942",
            State = "alive",
            Kind = "",
            Offers = [.. target.Balances.Select(balance => new ObservedOffer(balance, target.Uri.ToString(), int.MaxValue))],
        };
        Assert.InRange(
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(observed, Gateway.Control.ControlJson.Default.ObservedMember).Length,
            256 * 1024, Gateway.Control.ControlAnswer.LongestLine - 1);
    }
}
