using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Xunit.Abstractions;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>
/// Damaged files: 10 s from a printed seed, or 30,000 files where TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class MutatedFileTests(ITestOutputHelper output)
{
    private const int LongRun = 30_000;

    // Fewer files say nothing, however slow the machine.
    private const int Least = 100;

    // Of the thread that reads it, not of the clock: a machine that is busy with something else is no hang.
    private static readonly TimeSpan s_work = TimeSpan.FromSeconds(2);

    // A read that waits does not work. Nothing in a file can make it wait so long, nor can a busy machine.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    // What may stand in one place, for another.
    private static readonly byte[][] s_words =
    [
        .. from word in (string[])
            [
                "", "0", "-1", "99999999999", "ws://*:80/", "wss://[@a b]:0/x", "tcp://@lo:1", "pipe://p", "ssl://lost.example:1", "http://[::1]/?q", "udp://h:1", "1.5 weeks", "echo",
                "proxy", "directory", "jms", "management.jmx", "${hostname}", "${none}", "$${x}", "*", "../..", "file:///", "disabled", "HIGH", "&lt;", "https://a.example", "max-age=m+1s",
            ]
           select Encoding.UTF8.GetBytes(word),
    ];

    private static readonly CheckOptions s_check = new()
    {
        IsStart = true,
        Parameters = ConfigurationText.Nothing,
        WebDirectory = Path.GetTempPath(),
        Resolve = (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)),
    };

    [Fact]
    public void A_damaged_file_is_read_or_refused_but_never_anything_else()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var scratch = new ScratchDirectory();
        string path = Path.Combine(scratch.Path, "damaged.xml");
        byte[][] originals = [.. Samples.All().Select(File.ReadAllBytes)];
        int refused = 0, count = 0;
        using var reader = new FileReader(path);
        long began = Stopwatch.GetTimestamp();
        while (isLong ? count < LongRun : count < Least || Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10))
        {
            byte[] damaged = Damage(originals[count % originals.Length], random);
            File.WriteAllBytes(path, damaged);
            (bool wasRefused, string? fault) = reader.Read();
            Assert.True(fault is null, $"seed {seed}, file {count}: {fault} for\n{Encoding.Latin1.GetString(damaged)}");
            refused += wasRefused ? 1 : 0;
            count++;
        }

        output.WriteLine($"{count} files, {refused} of them refused");

        // Some changes do no harm; but if hardly any did, they would be none.
        Assert.InRange(refused, count / 10, count);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY a '0123456789'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>", "&c;")]
    [InlineData("<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "&a;")]
    [InlineData("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'>", "x")]
    [InlineData("<!DOCTYPE a [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>", "x")]
    public void Entity_bombs_and_external_entities_are_refused_where_they_begin(string type, string text)
    {
        string file = $"<?xml version='1.0'?>\n<!-- <!DOCTYPE? --> {type}\n{ConfigurationText.Around(ConfigurationText.Echo($"<description>{text}</description>"))}";

        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(file, "bomb.xml", ConfigurationText.Nothing));

        Assert.StartsWith("bomb.xml:2:21: The file has a document type (<!DOCTYPE>)", Assert.Single(e.Errors).ToString(), StringComparison.Ordinal);
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        bool isGentle = random.Next(2) == 0;
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (isGentle ? random.Next(5, 9) : random.Next(9))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(at, "<>&;\"'${}:/[]@%-0"u8.ToArray().OrderBy(_ => random.Next()).Take(3));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;

                // The gentle ones leave most files well-formed, and damages what they say: samples have an element a line.
                case 5:
                    (int start, int end) = LineAround(bytes, at);
                    bytes.RemoveRange(start, end - start);
                    break;
                case 6:
                    (start, end) = LineAround(bytes, at);
                    bytes.InsertRange(LineAround(bytes, random.Next(bytes.Count)).Start, bytes.GetRange(start, end - start));
                    break;
                case 7:
                    at = bytes.FindIndex(at, b => char.IsAsciiLetterOrDigit((char)b)) is var found and >= 0 ? found : at;
                    bytes[at] = "0159abyzAZ.-"u8[random.Next(12)];
                    break;
                case 8:
                    byte[] word = s_words[random.Next(s_words.Length)];
                    (start, end) = TextAround(bytes, at);
                    bytes.RemoveRange(start, end - start);
                    bytes.InsertRange(start, word);
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private static (int Start, int End) LineAround(List<byte> bytes, int at)
    {
        int start = bytes.LastIndexOf((byte)'\n', at) + 1;
        int end = start < bytes.Count ? bytes.IndexOf((byte)'\n', start) : -1;
        return (start, end < 0 ? bytes.Count : end + 1);
    }

    /// <summary>The text before the next start of a tag.</summary>
    private static (int Start, int End) TextAround(List<byte> bytes, int at)
    {
        int end = bytes.IndexOf((byte)'<', at) is var found and >= 0 ? found : bytes.Count;
        return (end == 0 ? 0 : bytes.LastIndexOf((byte)'>', end - 1) + 1, end);
    }

    /// <summary>Reads the file again and again, each time within bounds, on a thread of its own whose work can be measured.</summary>
    private sealed class FileReader : IDisposable
    {
        private readonly string _path;
        private readonly SemaphoreSlim _asked = new(0), _answered = new(0);
        private bool _isOver;
        private (bool Refused, string? Fault) _answer;

        internal FileReader(string path)
        {
            _path = path;
            new Thread(Run) { IsBackground = true, Name = "reads damaged files" }.Start();
        }

        /// <summary>Whether the file was refused, and what went wrong that must not.</summary>
        internal (bool Refused, string? Fault) Read()
        {
            _asked.Release();
            return _answered.Wait(s_patience) ? _answer : (false, "the reader hangs");
        }

        public void Dispose()
        {
            _isOver = true;
            _asked.Release();
        }

        private void Run()
        {
            while (true)
            {
                _asked.Wait();
                if (_isOver)
                {
                    return;
                }

                // What takes long once may be the compiler's work; what takes long twice is the file's.
                TimeSpan work = Try();
                if (work > s_work && (work = Try()) > s_work)
                {
                    _answer = (false, $"{work.TotalSeconds} s of work");
                }

                _answered.Release();
            }
        }

        private TimeSpan Try()
        {
            TimeSpan before = WorkOfThisThread();
            try
            {
                _answer = (Use(_path), null);
            }
            catch (Exception e)
            {
                _answer = (false, $"{e.GetType().Name} ({e.Message})");
            }

            return WorkOfThisThread() - before;
        }

        private static bool Use(string path)
        {
            // Whatever is wrong, what could be read is checked further; nothing here waits.
            CheckedConfiguration found = ConfigurationCheck.RunAsync(path, s_check, CancellationToken.None).GetAwaiter().GetResult();
            Assert.Equal(found.Configuration is null, found.Findings.Any(finding => finding.IsError));
            try
            {
                // What is read can be printed, and left out where it is not served.
                GatewayConfiguration read = ConfigurationReader.Read(path, ConfigurationText.Nothing);
                Assert.NotEmpty(ConfigurationWriter.Write(read, showSecrets: false));
                GatewayConfiguration servable = read.Servable(lenient: true);
                Assert.Empty(servable.Unserved);
                Assert.All(servable.Services, service => Assert.Null(Realms.WhyNot(service, servable.Security)));
                return false;
            }
            catch (ConfigurationException e)
            {
                Assert.NotEmpty(e.Errors);
                Assert.Null(found.Configuration);
                Assert.All(e.Errors, error => Assert.Contains(found.Findings, finding => finding.What == error));
                return true;
            }
        }

        // Ticks of the scheduler; they do not count while others run.
        private static TimeSpan WorkOfThisThread()
        {
            string[] fields = File.ReadAllText("/proc/thread-self/stat").Split(") ", 2)[1].Split(' ');
            return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
        }
    }
}
