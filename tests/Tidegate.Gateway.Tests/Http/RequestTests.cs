using System.Net.Sockets;
using System.Text;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>What a client can count on in HTTP/1 itself (compat.md 3.4), whoever parses it.</summary>
public sealed class RequestTests
{
    [Theory]
    // Host: one, not empty, and the one of an absolute target.
    [InlineData("GET / HTTP/1.1|Host: {h}", 200)]
    [InlineData("GET / HTTP/1.1", 400)]
    [InlineData("GET / HTTP/1.1|Host:", 400)]
    [InlineData("GET / HTTP/1.1|Host: ", 400)]
    [InlineData("GET / HTTP/1.0|Host:", 400)]
    [InlineData("GET / HTTP/1.0", 404)]
    [InlineData("GET http://{h}/ HTTP/1.1|Host:", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|Host: {h}", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|Host: evil.example", 400)]
    [InlineData("GET / HTTP/1.1|Host: a b", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}/path", 400)]
    [InlineData("GET / HTTP/1.1|Host: user@{h}", 400)]
    [InlineData("GET / HTTP/1.1|Host: other.example", 404)]
    [InlineData("GET http://{h}/ HTTP/1.1|Host: {h}", 200)]
    [InlineData("GET http://other.example/ HTTP/1.1|Host: {h}", 400)]
    [InlineData("GET http://{h}/ HTTP/1.1|Host: other.example", 400)]
    [InlineData("OPTIONS * HTTP/1.1|Host: {h}", 405)]
    [InlineData("CONNECT {h} HTTP/1.1|Host: {h}", 405)]
    // Versions and methods.
    [InlineData("GET / HTTP/1.0|Host: {h}", 200)]
    [InlineData("GET / HTTP/3.0|Host: {h}", 505)]
    [InlineData("GET / HTP/1.1|Host: {h}", 400)]
    [InlineData("BREW / HTTP/1.1|Host: {h}", 405)]
    [InlineData("G(T / HTTP/1.1|Host: {h}", 400)]
    [InlineData("GET /|Host: {h}", 400)]
    [InlineData(" GET / HTTP/1.1|Host: {h}", 400)]
    // What would be read differently by another server on the way (RFC 9112, sections 2.2, 5.1 and 6.3).
    [InlineData("GET / HTTP/1.1|Host: {h}|Bad Name: x", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|X : x", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|X: a| folded", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 3|Content-Length: 4", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 3|Content-Length: 3", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 3, 3", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: -1", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: +1", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|content-length: +0", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 1 0", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 0x1", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 1,000", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 1.0", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length:", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: \u00b2", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 9223372036854775808", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 99999999999999999999999999999999999999999", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: \t 00 \t", 405)]
    [InlineData("GET / HTTP/1.1|Host: {h}|Content-Length: 0", 200)]
    [InlineData("POST / HTTP/1.1|Host: {h}", 405)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Content-Length: 3|Transfer-Encoding: chunked||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: chunked|Content-Length: 3||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: chunked|Transfer-Encoding: chunked||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: \u000bchunked||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: chunked, chunked||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: gzip, chunked||0|", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: CHUNKED||0|", 405)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: identity", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: chunked||0|", 405)]
    [InlineData("POST / HTTP/1.0|Host: {h}|Transfer-Encoding: chunked|Connection: keep-alive||0|", 400)]
    [InlineData("GET / HTTP/1.1|Host : {h}", 400)]
    [InlineData("GET / HTTP/1.1| Host: {h}", 400)]
    [InlineData("GET / HTTP/1.1|X: a|\tfolded|Host: {h}", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|: x", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|X", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|X: a\0b", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}|X: a\rb", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}\nX: x", 400)]
    [InlineData("GET / HTTP/1.1\nHost: {h}", 400)]
    [InlineData("GET / HTTP/1.1|Host: {h}\n\nGET / HTTP/1.1|Host: {h}", 400)]
    [InlineData("GET  / HTTP/1.1|Host: {h}", 400)]
    [InlineData("GET / HTTP/1.1 |Host: {h}", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: gzip", 400)]
    [InlineData("POST / HTTP/1.1|Host: {h}|Transfer-Encoding: chunked, gzip", 400)]
    public async Task A_request_is_understood_or_refused(string request, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(Text(gateway, request));

        string head = await client.ReadHeadAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        if (status == 405)
        {
            Assert.Contains("\r\nAllow: ", head, StringComparison.Ordinal);
        }
        else if (status == 400)
        {
            // Whatever follows may be part of it to somebody else, so that it is no request here.
            try
            {
                await client.SendAsync(Text(gateway, "GET / HTTP/1.1|Host: {h}"));
            }
            catch (SocketException)
            {
                // The connection has ended already.
            }

            Assert.DoesNotContain("HTTP/1.1 ", Encoding.Latin1.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task More_headers_than_the_limit_are_refused()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient headers = await RawClient.ConnectAsync(gateway.EndPoint);
        await headers.SendAsync(Text(gateway, "GET / HTTP/1.1|Host: {h}|" + string.Join('|', Enumerable.Range(0, 100).Select(i => $"X{i}: x"))));
        Assert.StartsWith("HTTP/1.1 431 ", await headers.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(files: new() { ["1"] = [(byte)'1'], ["2"] = [(byte)'2'], ["3"] = [(byte)'3'] });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(Text(gateway, "GET /1 HTTP/1.1|Host: {h}") + Text(gateway, "GET /2 HTTP/1.1|Host: {h}") + Text(gateway, "GET /3 HTTP/1.1|Host: {h}|Connection: close"));

        string answers = Encoding.ASCII.GetString(await client.ReadToEndAsync());

        Assert.Equal(["1", "2", "3"], answers.Split("HTTP/1.1 200 OK").Skip(1).Select(answer => answer[^1..]));
    }

    [Theory]
    [InlineData("GET / HTTP/1.0|Host: {h}")]
    [InlineData("GET / HTTP/1.1|Host: {h}|Connection: close")]
    public async Task A_connection_that_is_not_to_be_kept_is_closed(string request)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(Text(gateway, request));

        Assert.EndsWith("</title>", Encoding.ASCII.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_with_a_shorter_keepalive_time_gets_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            accept: new() { KeepaliveTimeout = TimeSpan.FromMinutes(10) }, acceptFiles: new() { KeepaliveTimeout = TimeSpan.FromMilliseconds(300) });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        using RawClient other = await RawClient.ConnectAsync(gateway.EndPoint);
        await other.SendAsync(Text(gateway, "GET /nothing HTTP/1.1|Host: other.example"));
        await other.ReadHeadAsync();
        await client.SendAsync(Text(gateway, "GET / HTTP/1.1|Host: {h}"));

        // The client's own bound is far below ten minutes.
        Assert.EndsWith("</title>", Encoding.ASCII.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);

        // Where no such service has answered, the longer time holds, and the connection still serves.
        await other.SendAsync(Text(gateway, "GET / HTTP/1.1|Host: {h}|Connection: close"));
        Assert.EndsWith("</title>", Encoding.ASCII.GetString(await other.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shorter_keepalive_time_does_not_end_what_is_under_way()
    {
        byte[] content = new byte[4 * 1024 * 1024];
        new Random(4).NextBytes(content);
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            accept: new() { KeepaliveTimeout = TimeSpan.FromMinutes(10) }, acceptFiles: new() { KeepaliveTimeout = TimeSpan.FromMilliseconds(50) }, files: new() { ["large"] = content });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 4096);
        await client.SendAsync(Text(gateway, "GET /large HTTP/1.1|Host: {h}"));
        await client.ReadHeadAsync();
        await Task.Delay(300);

        byte[] received = await client.ReadToEndAsync();
        Assert.True(content.AsSpan().SequenceEqual(received), "The file arrived changed or cut.");
    }

    private static string Text(RunningGateway gateway, string request) =>
        (request + "||").Replace("|", "\r\n", StringComparison.Ordinal).Replace("{h}", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal);
}
