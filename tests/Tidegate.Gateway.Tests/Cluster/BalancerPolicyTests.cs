using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Balancer;
using Tidegate.Gateway.Tests.Configuration;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>The properties of a balancer that say whom it chooses, and what they do.</summary>
public sealed class BalancerPolicyTests
{
    private const string Redirecting = "<unaware.clients>redirect</unaware.clients>";

    [Theory]
    [InlineData("<policy>hash</policy><hash.header>X-User</hash.header>", BalancePolicy.Hash, "X-User", null)]
    [InlineData("<policy>hash</policy><hash.query>user</hash.query>", BalancePolicy.Hash, null, "user")]
    [InlineData("<policy>sticky</policy>", BalancePolicy.Sticky, null, null)]
    [InlineData("", BalancePolicy.LeastSessions, null, null)]
    public void What_is_read_is_written_again(string properties, BalancePolicy policy, string? header, string? query)
    {
        GatewayConfiguration read = ConfigurationText.Read(Balancer(properties));

        var options = Assert.IsType<BalancerOptions>(Assert.Single(read.Services).Options);
        Assert.Equal((policy, header, query), (options.Policy, options.HashHeader, options.HashQuery));
        var again = Assert.IsType<BalancerOptions>(Assert.Single(ConfigurationReader.Parse(ConfigurationWriter.Write(read, showSecrets: true), "test.xml").Services).Options);
        Assert.Equal(options, again);
    }

    [Theory]
    [InlineData("<policy>hash</policy>", "policy hash needs to know what to choose by. Add hash.header with the name of a header, or hash.query with that of a parameter; or write sticky, which goes by the client's address.")]
    [InlineData("<policy>hash</policy><hash.header>A</hash.header><hash.query>b</hash.query>", "hash.header and hash.query both say what policy hash chooses by. Keep one of them.")]
    [InlineData("<hash.header>A</hash.header>", "hash.header does nothing: it is for policy hash. Write <policy>hash</policy>, or remove it.")]
    [InlineData("<policy>sticky</policy><hash.query>A</hash.query>", "hash.query does nothing: it is for policy hash. Write <policy>hash</policy>, or remove it.")]
    [InlineData("<policy>hash</policy><hash.header>X User</hash.header>", "<hash.header>: The name of a header has no \" \" in it. Write a name such as X-User.")]
    [InlineData("<policy>nearest</policy><hash.query>A</hash.query>", "<policy>: \"nearest\" is not one of the val")]
    public void What_does_not_go_together_is_an_error_that_says_what_would(string properties, string message)
    {
        ConfigurationException exception = Assert.Throws<ConfigurationException>(() => ConfigurationText.Read(Balancer(properties)));

        Assert.StartsWith(message, $"{Assert.Single(exception.Errors).Problem} {exception.Errors[0].Cure}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("257")]
    [InlineData("heavy")]
    public void A_weight_is_a_number_from_1_to_256(string weight)
    {
        ConfigurationException exception = Assert.Throws<ConfigurationException>(() => ConfigurationText.Read(Echo(
            $"{Balance}", "ws://127.0.0.1:0/echo").Replace("</type>", $"</type><accept-options><balance.weight>{weight}</balance.weight></accept-options>", StringComparison.Ordinal)));

        Assert.Equal($"<balance.weight>: \"{weight}\" is not a whole number from 1 to 256.", Assert.Single(exception.Errors).Problem);
    }

    [Theory]
    [InlineData("<hash.header>X-User</hash.header>")]
    [InlineData("<hash.query>user</hash.query>")]
    public async Task Clients_with_one_value_go_to_one_target_by_whichever_balancer(string property)
    {
        string balancer = Balancer($"{Redirecting}<policy>hash</policy>{property}");
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(balancer + Three());
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(balancer, one);
        string[] all = [.. Enumerable.Range(0, 3).Select(i => $"ws://127.0.0.1:{one.At("ws", $"/other{i}").Port}/other{i}").Order(StringComparer.Ordinal)];
        await one.LeadsToAsync(all);
        await two.LeadsToAsync(all);

        var locations = new HashSet<string>();
        for (int user = 0; user < 40; user++)
        {
            string first = await LocationAsync(one, user);
            Assert.Equal(first, await LocationAsync(one, user));
            Assert.Equal(first, await LocationAsync(two, user));
            locations.Add(first);
        }

        Assert.Equal(3, locations.Count);

        // Who says nothing goes by its address, and all of these have one.
        Assert.Single(await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => LocationAsync(one, null))).ContinueWith(t => t.Result.Distinct(), TaskScheduler.Default));

        async Task<string> LocationAsync(ClusteredGateway gateway, int? user)
        {
            bool isHeader = property.Contains("header", StringComparison.Ordinal);
            (string head, RawClient client) = await gateway.HandshakeAsync(
                isHeader || user is null ? "" : $"?room=a&user={user}", isHeader && user is not null ? $"X-User: {user}\r\n" : "");
            client.Dispose();
            return head.Split("\r\n").Single(line => line.StartsWith("Location: ", StringComparison.Ordinal)).Split('?')[0];
        }
    }

    [Fact]
    public async Task What_a_service_weighs_is_heard_by_the_balancer()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer($"{Redirecting}<policy>round-robin</policy>") + Weighing(3, "/heavy"));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Weighing(1, "/light"), one);
        await one.LeadsToAsync([.. new[] { $"ws://127.0.0.1:{one.At("ws", "/heavy").Port}/heavy", $"ws://127.0.0.1:{two.At("ws", "/light").Port}/light" }.Order(StringComparer.Ordinal)]);

        int heavy = 0;
        for (int i = 0; i < 8; i++)
        {
            (string head, RawClient client) = await one.HandshakeAsync();
            client.Dispose();
            heavy += head.Contains("/heavy\r\n", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.Equal(6, heavy);
    }

    private static string Weighing(int weight, string path) =>
        Echo(accept: $"ws://127.0.0.1:0{path}").Replace("</type>", $"</type><accept-options><balance.weight>{weight}</balance.weight></accept-options>", StringComparison.Ordinal);

    private static string Three() => string.Concat(
        Enumerable.Range(0, 3).Select(i => Echo(accept: $"ws://127.0.0.1:0/other{i}").Replace("<name>echo</name>", $"<name>echo{i}</name>", StringComparison.Ordinal)));
}
