using System.Text;

namespace Tidegate.Host.Logging;

/// <summary>
/// Carries log lines to a stream on a thread of its own, so that a slow terminal never holds up an event loop. What waits is bounded;
/// lines that find no room are dropped, counted, and the count is written as soon as there is room.
/// </summary>
internal sealed class LineQueue : IDisposable
{
    /// <summary>How many characters may wait.</summary>
    internal const int DefaultCapacity = 8 * 1024 * 1024;

    private readonly object _lock = new();
    private readonly Stream _output;
    private readonly int _capacity;
    private readonly Func<long, string> _droppedLine;
    private readonly TimeSpan _exitTimeout;
    private readonly Thread _writer;
    private StringBuilder _waiting = new();
    private long _dropped;
    private bool _completed;

    /// <param name="output">Where lines go. It is not closed.</param>
    /// <param name="droppedLine">Makes the line that says how many were dropped.</param>
    /// <param name="capacity">How many characters may wait.</param>
    /// <param name="exitTimeout">How long <see cref="Dispose"/> waits for what is left to be written; null for 5 seconds.</param>
    internal LineQueue(Stream output, Func<long, string> droppedLine, int capacity = DefaultCapacity, TimeSpan? exitTimeout = null)
    {
        _output = output;
        _droppedLine = droppedLine;
        _capacity = capacity;
        _exitTimeout = exitTimeout ?? TimeSpan.FromSeconds(5);
        _writer = new Thread(Write) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Takes a line, its end included. Never waits for the stream.</summary>
    internal void Add(string line)
    {
        lock (_lock)
        {
            if (_completed)
            {
                return;
            }

            if (_waiting.Length + line.Length > _capacity)
            {
                _dropped++;
                return;
            }

            _waiting.Append(line);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits until everything is written, or the time for that is over.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _completed = true;
            Monitor.Pulse(_lock);
        }

        _writer.Join(_exitTimeout);
    }

    private void Write()
    {
        var writing = new StringBuilder();
        while (Take(ref writing))
        {
            try
            {
                _output.Write(Encoding.UTF8.GetBytes(writing.ToString()));
                _output.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
            {
                // Nobody reads the output any more. The gateway goes on without it: its clients matter more than its log.
            }

            writing.Clear();
        }
    }

    // Exchanges the builders, so that callers fill one while the other is written.
    private bool Take(ref StringBuilder writing)
    {
        lock (_lock)
        {
            while (_waiting.Length == 0 && _dropped == 0 && !_completed)
            {
                Monitor.Wait(_lock);
            }

            if (_waiting.Length == 0 && _dropped == 0)
            {
                return false;
            }

            (writing, _waiting) = (_waiting, writing);
            if (_dropped > 0)
            {
                writing.Append(_droppedLine(_dropped));
                _dropped = 0;
            }

            return true;
        }
    }
}
