using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>The page by which pages of other origins speak to the gateway: what surrounds it. What it does is shown in a browser.</summary>
public sealed class BridgePageTests
{
    private static readonly SourcePosition s_nowhere = new("test.xml", 1, 1);

    [Theory]
    [InlineData("/?.kr=xs")]
    [InlineData("/?a=b&.kr=xs")]
    [InlineData("/;resource/xs")]
    public async Task It_may_run_its_own_script_and_ask_its_own_origin_and_nothing_else(string path)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = EmulatedClient.Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}{path}", null);
        string page = await response.Content.ReadAsStringAsync();
        string script = page[(page.IndexOf("<script>", StringComparison.Ordinal) + 8)..page.IndexOf("</script>", StringComparison.Ordinal)];

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            $"default-src 'none'; script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            + $"frame-ancestors 'self' http://127.0.0.1:0",
            response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(response.Headers.CacheControl!.NoCache);
        Assert.DoesNotContain("eval", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_be_kept_and_is_asked_for_again()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = EmulatedClient.Stranger();
        string uri = $"http://127.0.0.1:{gateway.Port}/?.kr=xs";
        using HttpResponseMessage first = await client.SendAsync(HttpMethod.Get, uri, null);
        using HttpResponseMessage again = await client.SendAsync(HttpMethod.Get, uri, null, $"If-None-Match: {first.Headers.ETag}");
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(first.Headers.GetValues("Content-Security-Policy").Single(), again.Headers.GetValues("Content-Security-Policy").Single());
        using HttpResponseMessage head = await client.SendAsync(HttpMethod.Head, uri, null);
        Assert.Equal((HttpStatusCode.OK, first.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
        using HttpResponseMessage post = await client.SendAsync(HttpMethod.Post, uri, []);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Theory]
    [InlineData("http://page.example:8080", "; frame-ancestors 'self' http://127.0.0.1:0 http://page.example:8080")]
    // Where a service is for all, and where the policy has no word for an origin, each request still says whom it is for.
    [InlineData("*", "; form-action 'none'")]
    [InlineData("http://[::1]:8080", "; form-action 'none'")]
    public async Task Pages_of_origins_that_no_service_lets_in_can_not_frame_it(string allowed, string end)
    {
        ImmutableArray<CrossSiteConstraint> constraints = [new() { AllowOrigin = allowed, Position = s_nowhere }];
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: constraints);
        using EmulatedClient client = EmulatedClient.Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/?.kr=xs", null);
        Assert.EndsWith(end, response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/?.kr=xsp")]
    [InlineData("/?.kr=xsc")]
    [InlineData("/?.kr=xse")]
    [InlineData("/?.kr=xsj")]
    [InlineData("/?.kr=XS")]
    [InlineData("/?.kr=")]
    [InlineData("/;resource/xs/")]
    [InlineData("/;resource/")]
    [InlineData("/echo/?.kr=xs")]
    [InlineData("/clientaccesspolicy.xml")]
    public async Task There_is_no_other(string path)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = EmulatedClient.Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}{path}", null);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Under_a_name_that_is_not_served_there_is_none()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = EmulatedClient.Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/?.kr=xs", null, "Host: other.example");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }
}
