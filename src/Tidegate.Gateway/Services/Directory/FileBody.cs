using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>
/// Sends files in larger pieces than the server's own way of doing it, and reads each on the thread that sends it: what is in the
/// system's cache is there at once, and for what is not, asking another thread to wait would save none.
/// </summary>
/// <param name="inner">The server's response body.</param>
internal sealed class FileBody(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    // As much as may wait between the server and the socket.
    private const int Piece = 64 * 1024;

    public Stream Stream => inner.Stream;

    public PipeWriter Writer => inner.Writer;

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        long left = count ?? Math.Max(0, RandomAccess.GetLength(file) - offset);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(left, 1, Piece));
        try
        {
            while (left > 0)
            {
                int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), offset);
                FlushResult flushed = await inner.Writer.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                if (read == 0 || flushed.IsCompleted)
                {
                    // Shorter than when it was announced, for which the server breaks the connection off; or nobody listens.
                    return;
                }

                offset += read;
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
