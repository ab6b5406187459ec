using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Gateway.Clients;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>Responses within others, without a server around them.</summary>
public sealed class WrappedResponseTests
{
    private readonly DefaultHttpContext _http = new();
    private readonly MemoryStream _body = new();

    public WrappedResponseTests() => _http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_body));

    [Fact]
    public async Task What_is_about_the_connection_or_the_browser_is_outside_and_the_rest_inside()
    {
        IHttpResponseFeature outer = _http.Features.GetRequiredFeature<IHttpResponseFeature>();
        WrappedResponse wrapped = WrappedResponse.Open(_http);
        _http.Response.StatusCode = 302;
        _http.Response.Headers.Location = "http://127.0.0.1:8001/echo/;e/ctm";
        _http.Response.Headers.SetCookie = "TIDEGATE_MEMBER=1";
        _http.Response.Headers.CacheControl = "no-store";
        _http.Response.Headers.Vary = "Origin";
        _http.Response.Headers.AccessControlAllowOrigin = "http://page.example";
        await wrapped.EndAsync(CancellationToken.None);

        string body = Encoding.ASCII.GetString(_body.ToArray());
        Assert.Equal("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8001/echo/;e/ctm\r\nCache-Control: no-store\r\n\r\n", body);
        Assert.Equal((200, body.Length), (outer.StatusCode, outer.Headers.ContentLength));
        Assert.Equal("no-store|TIDEGATE_MEMBER=1|Origin|http://page.example|nosniff|text/plain;charset=UTF-8", string.Join('|',
            outer.Headers.CacheControl, outer.Headers.SetCookie, outer.Headers.Vary, outer.Headers.AccessControlAllowOrigin, outer.Headers.XContentTypeOptions, outer.Headers.ContentType));
        Assert.Equal(0, outer.Headers.Location.Count);
    }

    [Fact]
    public async Task A_body_follows_the_inner_head_once()
    {
        WrappedResponse wrapped = WrappedResponse.Open(_http);
        _http.Response.StatusCode = 404;
        _http.Response.ContentLength = 4;
        Assert.False(_http.Response.HasStarted);
        await _http.Response.WriteAsync("ab");
        Assert.True(_http.Response.HasStarted);
        await _http.Response.Body.WriteAsync("cd"u8.ToArray());
        await wrapped.EndAsync(CancellationToken.None);
        Assert.Equal("HTTP/1.1 404 Not Found\r\n\r\nabcd", Encoding.ASCII.GetString(_body.ToArray()));
    }

    [Theory]
    [InlineData("a\r\nX-Injected: b")]
    [InlineData("a\nb")]
    [InlineData("\u0100")]
    public void A_value_that_would_be_more_than_one_header_is_not_written(string value)
    {
        _ = WrappedResponse.Open(_http);
        _http.Response.Headers["X-Value"] = value;
        Assert.Throws<InvalidOperationException>(() => _http.Response.BodyWriter);
        Assert.Equal(0, _body.Length);
    }
}
