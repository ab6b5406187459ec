namespace Tidegate.Bench.Echo;

/// <summary>What a back-end makes of the bytes that it reads.</summary>
internal unsafe interface IEcho
{
    /// <summary>
    /// Turns what was read into the reply, in place: it returns the reply's length and moves <paramref name="data"/> to its
    /// start, up to <see cref="EchoServer.HeaderRoom"/> bytes before the data. A negative length ends the connection.
    /// </summary>
    int Reply(EchoConnection connection, ref byte* data, int length);
}

/// <summary>What comes goes back as it is.</summary>
internal sealed unsafe class TcpEcho : IEcho
{
    public int Reply(EchoConnection connection, ref byte* data, int length) => length;
}
