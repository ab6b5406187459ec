using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Files;

/// <summary>A file of a gibibyte: what it costs to send it, and parts of it.</summary>
public sealed class LargeFileTests : IAsyncLifetime
{
    private const string Accept = "http://127.0.0.1:0/";
    private const long Length = 1L << 30;
    private const long Middle = Length / 2;

    // What the kernel may hold between the gateway and the client.
    private const long InTheKernel = 16L * 1024 * 1024;

    // What the gateway may grow by: far more than it needs, far less than the file.
    private const long InTheGateway = 64L * 1024 * 1024;

    private static readonly byte[] s_first = "the beginning"u8.ToArray();
    private static readonly byte[] s_middle = "in the middle"u8.ToArray();
    private static readonly byte[] s_last = "the very end!"u8.ToArray();
    private readonly ScratchDirectory _files = new();
    private GatewayProcess _gateway = null!;

    private Uri Address => new(_gateway.Served(Accept), "large.bin");

    public async Task InitializeAsync()
    {
        // Sparse: it has the length and takes no room.
        using (FileStream file = File.Create(Path.Combine(_files.Path, "large.bin")))
        {
            file.Write(s_first);
            file.Position = Middle;
            file.Write(s_middle);
            file.Position = Length - s_last.Length;
            file.Write(s_last);
        }

        _gateway = await StartAsync(Service("directory", Accept, $"<properties><directory>{new Uri(_files.Path).AbsoluteUri}</directory></properties>"));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task A_slow_reader_gets_all_of_it_and_the_gateway_reads_no_further_than_that()
    {
        using var deadline = new CancellationTokenSource(Patience.Long);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
        await socket.ConnectAsync(_gateway.ServedAt(Accept), deadline.Token);
        long memory = _gateway.ResidentBytes;
        long read = BytesRead();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /large.bin HTTP/1.1\r\nHost: {Address.Authority}\r\n\r\n"), deadline.Token);
        await using var stream = new NetworkStream(socket);
        await ReadHeadAsync(stream, deadline.Token);

        // Slow in that the gateway has to wait for it all the time: it takes a piece, and then looks what the gateway has done.
        byte[] piece = new byte[1024 * 1024];
        long mostMemory = 0, mostAhead = 0;
        for (long position = 0; position < Length; position += piece.Length)
        {
            await stream.ReadExactlyAsync(piece, deadline.Token);
            Check(piece, position);
            mostMemory = Math.Max(mostMemory, _gateway.ResidentBytes - memory);
            mostAhead = Math.Max(mostAhead, BytesRead() - read - position - piece.Length);
        }

        Assert.True(mostMemory < InTheGateway, $"The gateway has grown by {mostMemory >> 20} MB.");
        Assert.True(mostAhead < InTheKernel, $"The gateway has read {mostAhead >> 20} MB ahead of the client.");
        Assert.InRange(BytesRead() - read, Length, Length + InTheKernel);
    }

    [Fact]
    public async Task HEAD_and_ranges_of_it_read_only_what_is_asked_for()
    {
        using var client = new HttpClient { Timeout = Patience.Normal };
        long read = BytesRead();
        using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, Address));
        Assert.Equal((HttpStatusCode.OK, (long?)Length), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Equal("bytes", Assert.Single(head.Headers.AcceptRanges));

        foreach ((long? from, long? to, long start, byte[] expected) in new (long?, long?, long, byte[])[]
        {
            (0, s_first.Length - 1, 0, s_first),
            (Middle, Middle + s_middle.Length - 1, Middle, s_middle),
            (Length - s_last.Length, null, Length - s_last.Length, s_last),
            (Length - s_last.Length, Length * 3, Length - s_last.Length, s_last),
            (null, s_last.Length, Length - s_last.Length, s_last),
        })
        {
            using HttpResponseMessage part = await SendAsync(client, new RangeHeaderValue(from, to));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(new ContentRangeHeaderValue(start, start + expected.Length - 1, Length), part.Content.Headers.ContentRange);
            Assert.Equal(expected, await part.Content.ReadAsByteArrayAsync());
        }

        using HttpResponseMessage beyond = await SendAsync(client, new RangeHeaderValue(Length, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        Assert.Equal(new ContentRangeHeaderValue(Length), beyond.Content.Headers.ContentRange);
        Assert.InRange(BytesRead() - read, 0, InTheKernel);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, RangeHeaderValue range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        request.Headers.Range = range;
        return await client.SendAsync(request);
    }

    private static void Check(ReadOnlySpan<byte> piece, long position)
    {
        Span<byte> expected = new byte[piece.Length];
        foreach ((long start, byte[] bytes) in new[] { (0L, s_first), (Middle, s_middle), (Length - s_last.Length, s_last) })
        {
            if (start >= position && start < position + piece.Length)
            {
                bytes.CopyTo(expected[(int)(start - position)..]);
            }
        }

        Assert.True(piece.SequenceEqual(expected), $"Other bytes came in the mebibyte from byte {position} on.");
    }

    private static async Task ReadHeadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new List<byte>();
        byte[] next = new byte[1];
        while (!System.Runtime.InteropServices.CollectionsMarshal.AsSpan(head).EndsWith("\r\n\r\n"u8))
        {
            await stream.ReadExactlyAsync(next, cancellation);
            head.Add(next[0]);
        }

        string text = Encoding.ASCII.GetString([.. head]);
        Assert.StartsWith("HTTP/1.1 200 ", text, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {Length}\r\n"), text, StringComparison.Ordinal);
    }

    /// <summary>Bytes that the gateway has read from files.</summary>
    private long BytesRead() => long.Parse(
        File.ReadLines($"/proc/{_gateway.Process.Id}/io").First(line => line.StartsWith("rchar:", StringComparison.Ordinal)).Split(' ')[1],
        CultureInfo.InvariantCulture);
}
