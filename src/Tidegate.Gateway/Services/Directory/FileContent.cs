using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>
/// The bytes of a file, in memory or where they are. They are read on the thread that sends them: what is in the system's cache is there
/// at once, and for what is not, asking another thread to wait would save none.
/// </summary>
internal readonly struct FileContent : IDisposable
{
    // As much as may wait between the server and the socket.
    internal const int Piece = 64 * 1024;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly SafeFileHandle? _file;

    private FileContent(ReadOnlyMemory<byte> bytes, SafeFileHandle? file)
    {
        _bytes = bytes;
        _file = file;
    }

    /// <summary>The content of a representation, ready to be sent.</summary>
    /// <exception cref="IOException">The file can not be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    internal static FileContent Open(Representation of) => of.Content is { } bytes ? new(bytes, null) : Open(of.Path);

    /// <summary>The content of the file at a path.</summary>
    internal static FileContent Open(string path) => new(default, File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete));

    /// <summary>
    /// Sends a part of it. False where that has ended early: nobody listens any more, or the file has become shorter than was announced, for
    /// which the server breaks the connection off.
    /// </summary>
    internal async ValueTask<bool> SendAsync(PipeWriter writer, ByteRange range, CancellationToken cancellation)
    {
        if (_file is null)
        {
            FlushResult sent = await writer.WriteAsync(_bytes.Slice((int)range.Start, (int)range.Length), cancellation).ConfigureAwait(false);
            return !sent.IsCompleted;
        }

        for (long offset = range.Start; offset < range.End;)
        {
            // Into the server's own buffer, so that nothing is copied.
            Memory<byte> buffer = writer.GetMemory((int)Math.Min(range.End - offset, Piece));
            int read = RandomAccess.Read(_file, buffer.Span[..(int)Math.Min(range.End - offset, buffer.Length)], offset);
            writer.Advance(read);
            offset += read;
            FlushResult flushed = await writer.FlushAsync(cancellation).ConfigureAwait(false);
            if (read == 0 || flushed.IsCompleted)
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose() => _file?.Dispose();
}
